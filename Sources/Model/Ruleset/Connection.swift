import NetTypes

/// Both ends of a connection, as its first packet names them.
struct Flow: Sendable, Hashable {
    let source: Endpoint
    let destination: Endpoint
    let transport: TransportProtocol

    init(_ packet: Packet) { (source, destination, transport) = (packet.source, packet.destination, packet.transport) }
}

/// What conntrack remembers of a connection.
struct Connection: Sendable, Hashable {
    /// Where its packets go; nil when they go where the client sent them.
    let backend: Endpoint?
    let source: PacketFate.TranslatedSource?
    /// The other end has said something: packets are "established" from then on.
    var isAnswered = false
}

extension DynamicState {
    /// The connection that a packet belongs to, and whether it goes back to the client.
    func connection(of packet: Packet, localAddresses: Set<IPAddress>) -> (flow: Flow, isReply: Bool)? {
        let flow = Flow(packet)
        if connections[flow] != nil { return (flow, false) }
        let match = connections.first { flow, connection in
            flow.transport == packet.transport && packet.source == connection.backend ?? flow.destination
                && packet.destination.port == flow.source.port
                && connection.isReply(to: packet.destination.address, of: flow, localAddresses)
        }
        return match.map { ($0.key, true) }
    }
}

extension Connection {
    fileprivate func isReply(to address: IPAddress, of flow: Flow, _ localAddresses: Set<IPAddress>) -> Bool {
        switch source {
        case nil: address == flow.source.address
        case .masquerade: localAddresses.contains(address)
        case .address(let own): address == own
        }
    }
}

extension Packet {
    /// What conntrack says of it when it knows of no connection (nf_conntrack_proto_tcp.c: tcp_error, tcp_new, with tcp_loose on).
    var stateWithoutConnection: ConnectionState {
        guard transport == .tcp else { return .new }
        let meaning = flags.subtracting(.psh)
        return meaning.subtracting(.urg) == .syn || meaning.subtracting(.urg) == .ack ? .new : .invalid
    }
}
