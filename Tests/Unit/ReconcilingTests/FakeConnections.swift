import NetTypes
import Seams
import Synchronization

/// Remembers who was to be forgotten, and where the kernel sent new connections at that moment.
final class FakeConnections: ConnectionForgetter, ConnectionCounter {
    struct Walk: Sendable {
        let backends: Set<DeadBackend>
        let reached: Set<String>
    }
    struct NoTable: Error {}

    private let kernel: FakeKernel
    private let walked = Mutex<[Walk]>([])
    private let table = Mutex<[ConnectionTarget: Int]?>([:])

    init(kernel: FakeKernel) { self.kernel = kernel }

    var walks: [Walk] { walked.withLock { $0 } }
    var forgotten: Set<DeadBackend> { walks.reduce(into: []) { $0.formUnion($1.backends) } }

    /// Nil: the kernel's table cannot be read.
    func hold(_ connections: [ConnectionTarget: Int]?) { table.withLock { $0 = connections } }

    func forgetUnanswered(_ backends: Set<DeadBackend>) throws -> Int {
        let walk = Walk(backends: backends, reached: kernel.reached("203.0.113.10:80"))
        walked.withLock { $0.append(walk) }
        return backends.count
    }

    func counts() throws -> [ConnectionTarget: Int] {
        guard let counts = table.withLock({ $0 }) else { throw NoTable() }
        return counts
    }
}
