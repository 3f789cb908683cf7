// Observability: see docs/design/building.md
