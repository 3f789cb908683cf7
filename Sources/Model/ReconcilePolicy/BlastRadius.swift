import FarmModel
import NetTypes

/// How much of what is served a change of configuration would take away.
public struct BlastRadius: Sendable, Equatable {
    /// Address, protocol and port ranges that were served and will not be.
    public let listenersLost: Int
    public let listenersBefore: Int
    public let listenersAfter: Int
    public let farmsBefore: Int
    /// Of those before, by name.
    public let farmsKept: Int

    /// Below it a change that leaves something is an edit.
    private static let manyListeners = 5

    public init(from old: some Collection<Farm>, to new: some Collection<Farm>) {
        let (before, after) = (Self.places(old), Self.places(new))
        (listenersBefore, listenersLost, listenersAfter) = (before.count, before.subtracting(after).count, after.count)
        (farmsBefore, farmsKept) = (old.count, Set(old.map(\.name)).intersection(new.map(\.name)).count)
    }

    /// A mistake more often than a wish, so it wants a `--force`.
    public var isExceeded: Bool { servesNothing || exchangesAll || losesMost }

    /// Nothing would be left: an unmounted or empty directory looks like this, be it of one farm or of a thousand.
    private var servesNothing: Bool { listenersBefore > 0 && listenersAfter == 0 }

    /// Not one farm and not one listener would stay of several: the files of another place. The one farm of a small installation may be
    /// renamed and moved in one edit, and so may the addresses of farms that stay.
    private var exchangesAll: Bool { farmsBefore > 1 && farmsKept == 0 && listenersLost == listenersBefore }

    private var losesMost: Bool { listenersLost >= Self.manyListeners && 2 * listenersLost > listenersBefore }

    /// What an operator is told.
    public var remedy: String {
        let lost = listenersBefore == 1 ? "the only listener" : "\(listenersLost) of \(listenersBefore) listeners"
        let rest = servesNothing ? " and nothing be served any more" : ""
        return "\(lost) would go\(rest); if that is meant, `lbctl apply --force` does it"
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
