// FarmConfig: see docs/design/building.md
