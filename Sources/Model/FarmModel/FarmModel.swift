// FarmModel: see docs/design/building.md
