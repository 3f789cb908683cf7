import FarmModel
import NetTypes
import Ruleset

/// A client's session as the kernel holds it.
public struct Session: Sendable, Hashable {
    public let farm: String
    public let listener: Endpoint
    public let transport: TransportProtocol
    /// Nil where the kernel holds a hash of the client only.
    public let client: IPAddress?
    /// The client's part of the key, in hexadecimal digits.
    public let fingerprint: String
    /// Nil for a backend that is not in the farm any more; its session counts for nothing.
    public let backend: String?
    /// Nil: for ever.
    public let remaining: Duration?
    /// The map, and the row in it.
    public let map: String
    public let row: [UInt8]
}

/// Makes sense of the maps that persistence has filled.
public struct SessionReader: Sendable {
    private let farms: [Farm]
    /// The maps of all farms.
    public let maps: [ElementSet]
    private var mouths: [[UInt8]: (farm: Farm, listener: Endpoint)] = [:]

    public init(farms: [Farm]) {
        self.farms = farms.filter { $0.persistence != nil }
        let mouths = self.farms.flatMap { farm in
            farm.listeners.compactMap { listener in
                farm.sessions(listener.transport, listener.address.family).map { (farm, listener, $0) }
            }
        }
        let sets = mouths.map { _, listener, chain in chain.sessions(listener.address.family) }
        maps = Dictionary(sets.map { ($0.name, $0) }) { first, _ in first }.values.sorted { $0.name < $1.name }
        for (farm, listener, chain) in mouths {
            let family = listener.address.family
            note(farm, listener, isExact: chain.isExact(family), chain.sessionMap(family))
        }
    }

    private mutating func note(_ farm: Farm, _ listener: Listener, isExact: Bool, _ map: String) {
        for port in listener.ports.lazy.flatMap({ $0.first...$0.last }) {
            let target = Self.target(listener, port, isExact: isExact)
            mouths[Array(map.utf8) + target] = (farm, Endpoint(address: listener.address, port: port))
        }
    }

    /// The listener's part of a key: as it is, or as the word that the kernel makes of it.
    private static func target(_ listener: Listener, _ port: UInt16, isExact: Bool) -> [UInt8] {
        let ports = [UInt8(port >> 8), UInt8(truncatingIfNeeded: port), 0, 0]
        let transport: [UInt8] = [listener.transport.rawValue, 0, 0, 0]
        return isExact ? listener.address.octets + transport + ports : word(listener.address.octets + ports, Selection.seed) + transport
    }

    private static func word(_ octets: [UInt8], _ seed: UInt32) -> [UInt8] {
        withUnsafeBytes(of: scaled(jhash(octets, seed: seed), to: .max), Array.init)
    }

    /// What the rows of a map say; rows of farms that are gone are left out.
    public func sessions(in map: ElementSet, _ rows: ElementTable, remaining: [Duration?]) -> [Session] {
        (0..<rows.count).compactMap { index in
            let key = Array(rows.key(index))
            let isExact = map.type.key.first == .address(.ipv4)
            let clientLength = isExact ? 4 : 8
            guard let mouth = mouths[Array(map.name.utf8) + key.dropFirst(clientLength)], index < remaining.count,
                let transport = TransportProtocol(rawValue: key[8 + (isExact ? 0 : 4)])
            else { return nil }
            let number = Array(rows.value(index))
            return Session(
                farm: mouth.farm.name, listener: mouth.listener, transport: transport,
                client: isExact ? IPAddress(octets: key.prefix(4)) : nil, fingerprint: Self.hexadecimal(key.prefix(clientLength)),
                backend: mouth.farm.backends.first { Self.number(of: $0, mouth.farm, mouth.listener) == number }?.name,
                remaining: remaining[index], map: map.name, row: Array(rows.row(index)))
        }
    }

    /// Whether the session is this client's; known of hashes too, where the source address is all that they are made of.
    public func isSession(_ session: Session, of client: IPAddress) -> Bool {
        if let own = session.client { return own == client }
        guard let farm = farms.first(where: { $0.name == session.farm }), farm.persistence?.key == .address else { return false }
        let words = Self.word(client.octets, Selection.seed) + Self.word(client.octets, ~Selection.seed)
        return session.fingerprint == Self.hexadecimal(words[...])
    }

    private static func number(of backend: Backend, _ farm: Farm, _ listener: Endpoint) -> [UInt8]? {
        guard backend.address.family == listener.address.family,
            let own = farm.listeners.first(where: { $0.address == listener.address && $0.ports.contains { $0.contains(listener.port) } }),
            let ports = own.ports.first(where: { $0.contains(listener.port) })
        else { return nil }
        switch farm.form(of: ports, listener.address.family) {
        case .kept: return BackendNumber.octets(backend.address, port: 0)
        case .single: return BackendNumber.octets(backend.address, port: Mouth(own, ports, .single).ports(of: backend).first)
        case .range: return BackendNumber.octets(backend.address, port: Mouth(own, ports, .range).ports(of: backend).first)
        case .expanded:
            guard let one = PortRange(listener.port) else { return nil }
            let mouth = Mouth(own, one, .single, offset: listener.port - ports.first)
            return BackendNumber.octets(backend.address, port: mouth.ports(of: backend).first)
        }
    }

    private static func hexadecimal(_ octets: some Collection<UInt8>) -> String {
        octets.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
