// Reconciling: see docs/design/building.md
