import FarmModel
import NetTypes

/// How much of what is served a change of configuration would take away.
public struct BlastRadius: Sendable, Equatable {
    /// Address, protocol and port ranges that were served and will not be.
    public let listenersLost: Int
    public let listenersBefore: Int

    public init(from old: some Collection<Farm>, to new: some Collection<Farm>) {
        let (before, after) = (Self.places(old), Self.places(new))
        (listenersBefore, listenersLost) = (before.count, before.subtracting(after).count)
    }

    /// More than half of all listeners, and at least five, would go: a mistake more often than a wish, so it wants a `--force`.
    public var isExceeded: Bool { listenersLost >= 5 && 2 * listenersLost > listenersBefore }

    /// What an operator is told.
    public var remedy: String {
        "\(listenersLost) of \(listenersBefore) listeners would go; if that is meant, `lbctl apply --force` does it"
    }

    private struct Place: Hashable {
        let address: IPAddress
        let transport: TransportProtocol
        /// Nil for all of the address.
        let ports: PortRange?
    }

    private static func places(_ farms: some Collection<Farm>) -> Set<Place> {
        farms.reduce(into: []) { places, farm in
            for listener in farm.listeners {
                if listener.isWhole { places.insert(Place(address: listener.address, transport: .all, ports: nil)) }
                for ports in listener.ports { places.insert(Place(address: listener.address, transport: listener.transport, ports: ports)) }
            }
        }
    }
}
