// ReconcilePolicy: see docs/design/building.md
