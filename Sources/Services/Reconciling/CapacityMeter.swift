import Seams

/// Reads how full conntrack is, on a thread of its own: a walk over the kernel's table takes its time.
actor CapacityMeter {
    private let executor = ThreadExecutor(name: "capacity", givesWay: true)
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let gauge: any ConntrackGauge

    init(gauge: any ConntrackGauge) { self.gauge = gauge }

    func statistics() throws(DriverError) -> ConntrackStatistics { try gauge.statistics() }

    /// With the time that it took.
    func sourcePorts() throws(DriverError) -> (ports: [SourcePortUser: Int], took: Duration) {
        let start = ContinuousClock.now
        let ports = try gauge.sourcePorts()
        return (ports, ContinuousClock.now - start)
    }
}
