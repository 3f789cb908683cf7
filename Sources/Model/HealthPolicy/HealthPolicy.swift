// HealthPolicy: see docs/design/building.md
