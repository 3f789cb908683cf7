/// What has gone through a farm, a listener or a backend since it is counted; nil where that is not counted.
public struct TrafficView: Codable, Sendable, Equatable {
    /// Opened.
    public var connections: UInt64?
    /// To backends, and from them.
    public var requests, replies: PacketCountView?

    public init(connections: UInt64?, requests: PacketCountView?, replies: PacketCountView?) {
        (self.connections, self.requests, self.replies) = (connections, requests, replies)
    }
}

public struct PacketCountView: Codable, Sendable, Equatable {
    /// Bytes are those of IP packets, headers included.
    public var packets, bytes: UInt64

    public init(packets: UInt64, bytes: UInt64) { (self.packets, self.bytes) = (packets, bytes) }
}

public struct ListenerTrafficView: Codable, Sendable, Equatable {
    /// As in `FarmView.listen`.
    public var listen: String
    public var traffic: TrafficView

    public init(listen: String, traffic: TrafficView) { (self.listen, self.traffic) = (listen, traffic) }
}

/// What a policy has accepted or dropped.
public struct PolicyCountView: Codable, Sendable, Equatable {
    public var name: String
    /// accept or drop
    public var action: String
    /// With conntrack, of connections only the first packet.
    public var hits: PacketCountView

    public init(name: String, action: String, hits: PacketCountView) { (self.name, self.action, self.hits) = (name, action, hits) }
}
