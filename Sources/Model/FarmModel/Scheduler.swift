/// What picks the slot of a new connection, and with it the backend.
public enum Scheduler: Sendable, Hashable {
    case roundRobin
    case random
    /// A hash of the inputs into a table filled in turns.
    case hash(HashInputs)
    /// The same hash into a table that changes little when the set of backends does.
    case maglev(HashInputs)
    /// The kernel's own flow hash, the same for both directions of a flow and different after each boot.
    case symmetricHash
    /// By chance, into a table whose shares follow the number of connections that are open.
    case leastConnections

    public var name: String {
        switch self {
        case .roundRobin: "round-robin"
        case .random: "random"
        case .hash: "hash"
        case .maglev: "maglev"
        case .symmetricHash: "symhash"
        case .leastConnections: "least-connections"
        }
    }

    public var hashInputs: HashInputs? {
        switch self {
        case .roundRobin, .random, .symmetricHash, .leastConnections: nil
        case .hash(let inputs), .maglev(let inputs): inputs
        }
    }

    /// Whether all packets of a connection find the same slot without anybody remembering it.
    public var isRepeatable: Bool {
        switch self {
        case .hash, .maglev, .symmetricHash: true
        case .roundRobin, .random, .leastConnections: false
        }
    }
}

extension Scheduler {
    /// Whether its table is filled so that few slots move when backends or weights change; else in turns, as evenly as can be.
    public var keepsClients: Bool {
        switch self {
        case .maglev, .symmetricHash, .leastConnections: true
        case .hash, .random, .roundRobin: false
        }
    }
}

/// Number of slots of a farm's table.
public enum TableSize: Sendable, Hashable {
    /// Chosen by the number of backends and their weights.
    case automatic
    /// One of `classes`.
    case slots(Int)

    /// The sizes on offer: primes, so that no pattern of weights resonates with them. A larger table shares more evenly and moves
    /// fewer clients when backends are added or removed, and costs memory and cache misses (docs/design/slots.md).
    public static let classes = [127, 179, 251, 509, 1021, 4093, 16381]
}
