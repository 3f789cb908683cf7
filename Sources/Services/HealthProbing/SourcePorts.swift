import NetTypes

#if canImport(Glibc)
    import Glibc
#endif

/// The ports that probes leave from, used in turn.
///
/// Bound by hand: IP_LOCAL_PORT_RANGE (Linux 6.3) is cut to net.ipv4.ip_local_port_range, so a range outside of that one, as ours has to
/// be, is ignored (seen on 6.18). With SO_REUSEADDR a port may serve several probes, since their targets differ.
struct SourcePorts {
    /// Other programs may listen on ports of the range.
    private static let attempts = 32

    private let range: ClosedRange<UInt16>
    private var next: UInt16

    init(range: ClosedRange<UInt16>) {
        self.range = range
        // A restart does not meet the connections that the process before it has left half open.
        next = UInt16.random(in: range)
    }

    /// Gives the socket a port of the range. 0, or the errno.
    ///
    /// `wanted`: a port that `take` has given, which is used again.
    mutating func bind(_ descriptor: Int32, family: AddressFamily, source: IPAddress? = nil, at wanted: UInt16? = nil) -> Int32 {
        let address = source ?? (family == .ipv4 ? IPAddress(v4: 0) : IPAddress(v6: 0, 0))
        if let wanted {
            return SocketAddress(Endpoint(address: address, port: wanted)).withPointer { Glibc.bind(descriptor, $0, $1) } == 0 ? 0 : errno
        }
        var fault = EADDRINUSE
        for _ in 0..<min(Self.attempts, range.count) where fault == EADDRINUSE {
            fault = bindOnce(descriptor, address)
        }
        return fault
    }

    /// The next in turn that is not among these.
    mutating func take(besides taken: Set<UInt16>) -> UInt16? {
        guard taken.count < range.count else { return nil }
        var port = take()
        while taken.contains(port) { port = take() }
        return port
    }

    private mutating func take() -> UInt16 {
        defer { next = next == range.upperBound ? range.lowerBound : next + 1 }
        return next
    }

    private mutating func bindOnce(_ descriptor: Int32, _ source: IPAddress) -> Int32 {
        let address = SocketAddress(Endpoint(address: source, port: take()))
        return address.withPointer { Glibc.bind(descriptor, $0, $1) } == 0 ? 0 : errno
    }
}
