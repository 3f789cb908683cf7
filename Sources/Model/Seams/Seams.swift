// Seams: see docs/design/building.md
