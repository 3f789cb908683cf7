// Ruleset: see docs/design/building.md
