// FarmWatching: see docs/design/building.md
