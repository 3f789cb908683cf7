import FarmModel

/// What carries a probe's talk to its target.
enum ProbeTransport {
    /// A connection: opened for each probe, or kept where the exchange allows it.
    case tcp
    /// Datagrams; errors that ICMP reports are heard.
    case udp
    /// Echo requests.
    case icmp
    /// The output of a program and its end.
    case program

    /// Whether the first word can be said as soon as there is a socket.
    var hasNoHandshake: Bool { self == .udp || self == .icmp }

    /// Whether probes leave from a port of ours.
    var hasPorts: Bool { self == .tcp || self == .udp }
}

extension HealthCheck.Kind {
    var transport: ProbeTransport {
        switch self {
        case .icmp: .icmp
        case .exec: .program
        default: carrier == .udp ? .udp : .tcp
        }
    }
}
