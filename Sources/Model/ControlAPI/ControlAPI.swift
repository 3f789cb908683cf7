// ControlAPI: see docs/design/building.md
