import FarmModel
import NetTypes
import Ruleset

/// How the clients of one farm are told from those of others in the sets that limits share.
enum LimitScope: Sendable, Hashable {
    /// A farm that has one port in the family: by the listener. Farms with equal limits then share their chains, too.
    case listener
    /// Any other: by its name, so that what a client does at several ports counts together. It costs the farm chains of its own.
    case farm(String)

    init(_ farm: Farm, _ family: AddressFamily) {
        let listeners = farm.listeners.filter { $0.address.family == family }
        let ports = listeners.flatMap(\.ports)
        self = !listeners.contains(where: \.isWhole) && ports.count == 1 && ports[0].isSingle ? .listener : .farm(farm.name)
    }

    /// What sets with such keys have before their names.
    var prefix: String { self == .listener ? "" : "farm-" }

    /// The source, and what tells farms apart.
    func sourceKey(_ family: AddressFamily) -> Key {
        let source = KeyPart.address(.source, family)
        return switch self {
        case .listener: Key(source, .address(.destination, family), .transport, .port(.destination))
        case .farm(let name): Key([source] + Self.numbers(of: name, over: source))
        }
    }

    /// The backend behind a translation, and what tells farms apart. `hasPort`: it takes connections at one port.
    func backendKey(_ family: AddressFamily, hasPort: Bool) -> Key {
        let address = KeyPart.address(.destination, family)
        let backend = hasPort ? [address, .port(.destination)] : [address]
        return switch self {
        case .listener: Key([.originalDestination(family), .transport, .originalDestinationPort] + backend)
        case .farm(let name): Key(backend + Self.numbers(of: name, over: address))
        }
    }

    /// A rule cannot put a constant into a key, but a seed that is the farm's own makes another number of the same address. Two farms
    /// share a number by chance once in 2^64.
    private static func numbers(of farm: String, over part: KeyPart) -> [KeyPart] {
        let identity = identity(of: farm)
        return [UInt32(truncatingIfNeeded: identity), UInt32(truncatingIfNeeded: identity >> 32)].map {
            .slot(.hash([part], modulus: .max, seed: $0))
        }
    }
}
