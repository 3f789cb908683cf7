import NetTypes

/// The kernel's helpers for protocols that open further connections (net/netfilter/nf_conntrack_*.c).
public enum ConnectionHelper: String, Sendable, Hashable, CaseIterable {
    case ftp, tftp, sip, pptp, snmp, amanda, irc

    /// The transports that the helper reads.
    public var transports: [TransportProtocol] {
        switch self {
        case .ftp, .pptp, .irc: [.tcp]
        case .tftp, .snmp, .amanda: [.udp]
        case .sip: [.tcp, .udp]
        }
    }

    /// The families for which the kernel registers it.
    public var families: [AddressFamily] {
        switch self {
        case .ftp, .tftp, .sip, .amanda: [.ipv4, .ipv6]
        case .pptp, .snmp, .irc: [.ipv4]
        }
    }
}
