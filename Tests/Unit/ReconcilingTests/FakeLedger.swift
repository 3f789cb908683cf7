import NetTypes
import Seams
import Synchronization

/// Says what the test wants it to have counted.
final class FakeLedger: ConnectionLedger {
    private struct State {
        var followed: Set<IPAddress> = []
        var live: [ConnectionTarget: Int]? = [:]
        var rate = 0
        var fault: DriverError?
        var readings = 0
    }
    private let state = Mutex(State())

    var followed: Set<IPAddress> { state.withLock { $0.followed } }
    var readings: Int { state.withLock { $0.readings } }
    var effort: LedgerEffort { LedgerEffort() }

    /// Open connections from now on, and as many that begin between two readings; nil: not known.
    func hold(_ live: [ConnectionTarget: Int]?, opening rate: Int = 0) {
        state.withLock { ($0.live, $0.rate, $0.fault) = (live, rate, nil) }
    }
    func fail(_ fault: DriverError) { state.withLock { $0.fault = fault } }

    func follow(_ addresses: Set<IPAddress>) throws(DriverError) { state.withLock { $0.followed = addresses } }

    func reading() throws(DriverError) -> [ConnectionTarget: ConnectionTally]? {
        let (live, rate, fault) = state.withLock { state in
            state.readings += 1
            return (state.live, state.rate, state.fault)
        }
        if let fault { throw fault }
        return live?.mapValues { ConnectionTally(live: $0, opened: rate) }
    }
}
