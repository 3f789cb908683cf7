// RulesetCompiler: see docs/design/building.md
