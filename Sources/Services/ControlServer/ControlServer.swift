// ControlServer: see docs/design/building.md
