// ControlClient: see docs/design/building.md
