// KernelEvents: see docs/design/building.md
