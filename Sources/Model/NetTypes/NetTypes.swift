// NetTypes: see docs/design/building.md
