// HealthProbing: see docs/design/building.md
