import NetTypes

/// A packet on its way, and what has been decided of it.
struct Way {
    var packet: Packet
    var state: DynamicState
    /// As the first packet of its connection names both ends.
    let flow: Flow
    /// Nil when conntrack has not met the connection before.
    let connection: Connection?
    let isReply: Bool
    let arrival: Packet
    var share = 1.0
    var steps: [PacketTrace.Step] = []
    var rules: [RulePlace] = []
    var end: PacketFate?
    var isTranslated = false
    var isUntracked = false
    /// There are MACs to read and write.
    var hasFrame: Bool
    /// Conntrack has seen it.
    var isTracked = false
    var source: PacketFate.TranslatedSource?
    /// Elements that count its connection because of this packet.
    var counted: [(set: DynamicState.SetName, key: [UInt8])] = []
    /// The verdict that ended the chain being walked: the rest of it is not run.
    var isDone = false

    init(_ packet: Packet, _ state: DynamicState, localAddresses: Set<IPAddress>) {
        (self.packet, arrival, self.state, hasFrame) = (packet, packet, state, !packet.isFromHost)
        let known = packet.reporter == nil ? state.connection(of: packet, localAddresses: localAddresses) : nil
        (flow, isReply) = (known?.flow ?? Flow(packet), known?.isReply ?? false)
        connection = known.flatMap { state.connections[$0.flow] }
    }

    var isDecided: Bool { end != nil }

    var fate: PacketFate {
        if let end { return end }
        if arrival.isFlooded { return .dropped }
        if isTranslated || source != nil {
            return isReply
                ? .answered(to: packet.destination, from: packet.source) : .translated(to: packet.destination, source: source)
        }
        let isRewritten = packet.source != arrival.source || packet.destination != arrival.destination
        return isRewritten ? .rewritten(to: packet.destination, from: packet.source, device: nil) : .passed
    }

    /// What rules are told that ask conntrack.
    var connectionState: ConnectionState {
        if isUntracked { return .untracked }
        // nft_ct.c: before conntrack has seen it, a packet is neither untracked nor valid.
        guard isTracked else { return .invalid }
        if let state = packet.connectionState { return state }
        guard packet.reporter == nil else { return .related }
        guard let connection else { return packet.stateWithoutConnection }
        return isReply || connection.isAnswered ? .established : .new
    }

    /// nat chains are asked by the first packet of a connection.
    var isAskedForTranslation: Bool {
        let state = connectionState
        return connection == nil && packet.reporter == nil && (state == .new || state == .related)
    }

    /// Routing and the neighbour are decided.
    mutating func framed() {
        guard !hasFrame, let departure = packet.departure else { return }
        (packet.sourceMAC, packet.destinationMAC, hasFrame) = (departure.source, departure.destination, true)
    }

    func leavingBaseChain() -> Way {
        var way = self
        way.isDone = false
        return way
    }
}

extension Way {
    /// What conntrack does at a hook before chains of this priority run.
    mutating func meetConntrack(at hook: BaseChain.Hook, before priority: Int32) {
        guard !isUntracked, !isDecided else { return }
        if hook == .prerouting || hook == .output {
            if priority > -200 { isTracked = true }
            if priority > -100, isReply || connection?.backend != nil { translateDestination() }
        }
        if hook == .postrouting, priority > 100, isReply || connection?.source != nil { translateSource() }
    }

    private mutating func translateDestination() {
        guard isTracked, let connection, connectionState != .invalid else { return }
        packet.destination = isReply ? flow.source : connection.backend ?? packet.destination
        isTranslated = isTranslated || connection.backend != nil || connection.source != nil
    }

    private mutating func translateSource() {
        guard isTracked, let connection, connectionState != .invalid else { return }
        if isReply { packet.source = flow.destination } else { source = connection.source }
    }

    /// At the end of its way conntrack remembers a packet that has come through, and nobody remembers one that has not.
    var finished: Way {
        var way = self
        if isDecided {
            for (set, key) in counted { way.state.uncount(flow, with: key, in: set) }
        } else if isTracked, !isUntracked, connectionState != .invalid, packet.reporter == nil {
            var remembered = connection ?? Connection(backend: isTranslated ? packet.destination : nil, source: source)
            remembered.isAnswered = remembered.isAnswered || isReply
            way.state.connections[flow] = remembered
        }
        return way
    }
}
