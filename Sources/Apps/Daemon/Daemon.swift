// Daemon: see docs/design/building.md
