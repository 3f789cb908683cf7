import NetTypes

/// How a farm's own rules are entered by the probes of one backend.
///
/// A class, so that the ten thousand probes without one pay a pointer for it.
public final class ProbePassage: Sendable, Hashable {
    /// What the rules do with the probe, as they do with clients' packets.
    public enum Kind: Sendable, Hashable, Comparable {
        /// dnat, snat: conntrack translates.
        case translated
        /// dsr: only the frame is addressed to the backend; the packet keeps the listener's address.
        case direct
        /// stateless: rewritten without conntrack.
        case stateless
    }

    /// The place of a listener that probes go to.
    public struct Door: Sendable, Hashable {
        public let listener: Endpoint
        /// The backend's port.
        public let port: UInt16
        /// The port is the client's own at the backend, too: the rules do not write it.
        public let keepsPort: Bool

        public init(listener: Endpoint, port: UInt16, keepsPort: Bool) {
            (self.listener, self.port, self.keepsPort) = (listener, port, keepsPort)
        }
    }

    public let kind: Kind
    /// Nil where no listener of the backend's family has the protocol.
    public let tcp, udp: Door?

    public init(kind: Kind, tcp: Door?, udp: Door?) { (self.kind, self.tcp, self.udp) = (kind, tcp, udp) }

    public static func == (left: ProbePassage, right: ProbePassage) -> Bool {
        left === right || (left.kind, left.tcp, left.udp) == (right.kind, right.tcp, right.udp)
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(kind)
        hasher.combine(tcp)
        hasher.combine(udp)
    }

    public func door(_ carrier: TransportProtocol) -> Door? {
        switch carrier {
        case .tcp: tcp
        case .udp: udp
        default: nil
        }
    }
}

/// A way through a farm's rules to one backend, which a packet mark selects.
public struct ProbeEntrance: Sendable, Hashable {
    public let kind: ProbePassage.Kind
    public let transport: TransportProtocol
    /// What the packet is addressed to on its way through the rules.
    public let listener: Endpoint
    public let backend: Endpoint
    public let keepsPort: Bool

    public init(kind: ProbePassage.Kind, transport: TransportProtocol, listener: Endpoint, backend: Endpoint, keepsPort: Bool = false) {
        (self.kind, self.transport, self.listener, self.backend, self.keepsPort) = (kind, transport, listener, backend, keepsPort)
    }

    /// In which marks are given out, so that equal sets get equal marks.
    public static func precedes(_ left: Self, _ right: Self) -> Bool {
        if left.listener != right.listener { return left.listener < right.listener }
        if left.backend != right.backend { return left.backend < right.backend }
        return (left.transport, left.kind) < (right.transport, right.kind)
    }
}

/// Which bits of the packet mark tell probes through farms' rules apart, and the marks that they make.
///
/// Other bits are neither set nor read. Marks are numbers from 1 on: a packet without these bits is none of ours.
public struct ProbeMarks: Sendable, Hashable {
    public let mask: UInt32

    /// 65 535 marks.
    public static let standard = ProbeMarks(uncheckedMask: 0xFFFF_0000)

    private init(uncheckedMask mask: UInt32) { self.mask = mask }

    /// Nil unless these are four bits or more, side by side.
    public init?(mask: UInt32) {
        guard mask.nonzeroBitCount >= 4, mask >> UInt32(mask.trailingZeroBitCount) == UInt32.max >> UInt32(32 - mask.nonzeroBitCount) else {
            return nil
        }
        self.mask = mask
    }

    /// How many there are.
    public var count: Int { Int(mask >> UInt32(mask.trailingZeroBitCount)) }

    /// The mark with this number, 1 … `count`.
    public subscript(number: Int) -> UInt32 {
        precondition(1...count ~= number, "a mark that the mask holds")
        return UInt32(number) << UInt32(mask.trailingZeroBitCount)
    }
}

/// Who has which mark: an entrance keeps its own as long as it is wanted.
public struct ProbeMarkBook: Sendable, Hashable {
    public let marks: ProbeMarks
    /// By entrance; at most `marks.count`. Who finds none left has none.
    public private(set) var given: [ProbeEntrance: UInt32] = [:]

    public init(_ marks: ProbeMarks = .standard) { self.marks = marks }

    public mutating func keep(_ wanted: Set<ProbeEntrance>) {
        given = given.filter { wanted.contains($0.key) }
        let new = wanted.filter { given[$0] == nil }
        guard !new.isEmpty else { return }
        let taken = Set(given.values)
        var free = (1...marks.count).lazy.map { [marks] in marks[$0] }.filter { !taken.contains($0) }.makeIterator()
        for entrance in new.sorted(by: ProbeEntrance.precedes) {
            guard let mark = free.next() else { return }
            given[entrance] = mark
        }
    }
}
