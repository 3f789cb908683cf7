import FarmModel
import NetTypes

/// What is probed and how: two farms that ask for the same share one probe.
public struct ProbeTarget: Sendable, Hashable {
    public let address: IPAddress
    public let port: UInt16
    public let check: HealthCheck
    /// How the farm's own rules are entered; nil where the probe goes to the backend itself.
    public let passage: ProbePassage?

    public init(address: IPAddress, port: UInt16, check: HealthCheck, passage: ProbePassage? = nil) {
        (self.address, self.port, self.check) = (address, port, check)
        self.passage = check.way.via == .vip ? passage : nil
    }

    /// The place alone, and the door to it: targets that differ in their check are told apart by `==`.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(address)
        hasher.combine(port)
        guard let passage else { return }
        hasher.combine(passage.tcp?.listener)
        hasher.combine(passage.udp?.listener)
    }

    /// The backend's own.
    public var endpoint: Endpoint { Endpoint(address: address, port: port) }

    /// The way through the farm's rules. Nil for one that goes past them, and for what has no ports.
    public var entrance: ProbeEntrance? {
        guard let passage, let carrier = check.kind.carrier, let door = passage.door(carrier) else { return nil }
        // The frame alone leads to the backend: any port of it can be asked at the listener's address.
        let listener = passage.kind == .direct ? Endpoint(address: door.listener.address, port: port) : door.listener
        return ProbeEntrance(
            kind: passage.kind, transport: carrier, listener: listener, backend: endpoint, keepsPort: door.keepsPort)
    }

    /// What the probed server is asked as.
    public var authority: Endpoint { entrance?.listener ?? endpoint }

    /// What the socket is connected to: the backend, where its frame alone goes through the rules.
    public var connected: Endpoint { entrance.map { $0.kind == .translated ? $0.listener : endpoint } ?? endpoint }

    /// Where it goes, for people: `10.0.1.11:80`, `10.0.1.11:80 via 203.0.113.10:80`.
    public var placeText: String { entrance.map { "\(endpoint) via \($0.listener)" } ?? "\(endpoint)" }

    /// The same question, asked of the backend past the farm's rules.
    public var witness: ProbeTarget {
        var plain = check
        plain.way.via = .direct
        return ProbeTarget(address: address, port: port, check: plain)
    }

    /// By place, then by interval: the order in which phases are handed out, so that equal sets are probed alike.
    public static func precedes(_ left: ProbeTarget, _ right: ProbeTarget) -> Bool {
        left.endpoint == right.endpoint ? left.check.interval < right.check.interval : left.endpoint < right.endpoint
    }
}
