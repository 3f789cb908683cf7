import NetTypes
import Seams
import Synchronization

/// Failed connections as the test wants them, once.
final class FakeFailures: ConnectionFailures {
    private let state = Mutex<(watched: Set<IPAddress>, tallies: [ConnectionTarget: FailureTally])>(([], [:]))

    var watched: Set<IPAddress> { state.withLock { $0.watched } }

    func fail(_ tallies: [ConnectionTarget: FailureTally]) { state.withLock { $0.tallies = tallies } }

    func watch(_ addresses: Set<IPAddress>) throws(DriverError) { state.withLock { $0.watched = addresses } }

    func take() throws(DriverError) -> [ConnectionTarget: FailureTally] {
        state.withLock { state in
            defer { state.tallies = [:] }
            return state.tallies
        }
    }
}
