import Seams
import Synchronization

/// Conntrack's own words, as tests put them.
final class FakeGauge: ConntrackGauge {
    private let words = Mutex<(statistics: ConntrackStatistics, ports: [SourcePortUser: Int])>((ConntrackStatistics(), [:]))

    func say(_ statistics: ConntrackStatistics) { words.withLock { $0.statistics = statistics } }
    func say(_ ports: [SourcePortUser: Int]) { words.withLock { $0.ports = ports } }

    func statistics() throws(DriverError) -> ConntrackStatistics { words.withLock { $0.statistics } }
    func sourcePorts() throws(DriverError) -> [SourcePortUser: Int] { words.withLock { $0.ports } }
}
