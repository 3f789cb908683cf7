import Logging
import NetTypes
import Seams

/// Forgets half-open connections to dead backends, on a thread of its own: a walk over the kernel's table takes its time.
actor ConnectionSweeper {
    private let executor = ThreadExecutor(name: "conntrack")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let connections: any ConnectionForgetter & ConnectionCounter
    private let log: Logger

    struct Target: Sendable, Hashable {
        let address: IPAddress
        /// Nil: every port.
        let port: UInt16?
        let transport: TransportProtocol
    }

    init(connections: any ConnectionForgetter & ConnectionCounter, log: Logger) {
        (self.connections, self.log) = (connections, log)
    }

    func sweep(_ targets: Set<Target>) {
        for target in targets {
            do {
                let count = try connections.forgetUnanswered(target.address, port: target.port, transport: target.transport)
                if count > 0 {
                    log.info(
                        "half-open connections forgotten",
                        metadata: [
                            "backend": "\(target.address)", "transport": "\(target.transport)", "count": "\(count)",
                        ])
                }
            } catch {
                log.warning(
                    "half-open connections could not be forgotten; their clients connect anew only after a timeout",
                    metadata: [
                        "backend": "\(target.address)", "error": "\(error)",
                    ])
            }
        }
    }

    func counts() throws -> [ConnectionTarget: Int] { try connections.counts() }
}
