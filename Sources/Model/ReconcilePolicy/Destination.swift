import FarmModel
import NetTypes

/// Where the packets of a flow end: what makes two backends one to a connection that nobody remembers, whatever they are called.
public struct Destination: Sendable, Hashable, Comparable {
    public let address: IPAddress
    /// Nil in dsr, where ports are the client's, and where the client's port is kept.
    public let port: PortRange?

    public init(of backend: Backend, _ mode: ForwardingMode) {
        (address, port) = (backend.address, mode == .dsr ? nil : backend.port)
    }

    public static func < (left: Self, right: Self) -> Bool {
        guard left.address == right.address else { return left.address < right.address }
        guard let mine = left.port, let other = right.port else { return left.port == nil && right.port != nil }
        return mine < other
    }
}
