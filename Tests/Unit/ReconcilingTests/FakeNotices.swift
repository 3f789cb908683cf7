import Seams
import Synchronization

/// Remembers whether anybody listens for changes of tables.
final class FakeNotices: TableNotices {
    private let calls = Mutex<[Bool]>([])
    var history: [Bool] { calls.withLock { $0 } }
    func follow(_ isOn: Bool) throws(DriverError) { calls.withLock { $0.append(isOn) } }
}
