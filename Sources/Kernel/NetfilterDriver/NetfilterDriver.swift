// NetfilterDriver: see docs/design/building.md
