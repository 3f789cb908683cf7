// Commands: see docs/design/building.md
