import NetTypes

/// How the bytes of a probe get to their target, whatever they say.
public struct ProbeWay: Sendable, Hashable {
    /// Nil without TLS.
    public var tls: TLSCheck?
    /// Whether a connection may carry more than one probe.
    public var reuse: Bool
    /// Where probes come from; nil leaves it to routing.
    public var source: IPAddress?
    /// The device by which they leave; nil leaves it to routing.
    public var interface: String?
    /// Per cent of the interval by which chance moves each start, 0–50.
    public var jitter: Int
    /// Whether it goes to the backend itself, or to a listener and through the farm's own rules.
    public var via: ProbeVia

    public init(
        tls: TLSCheck? = nil, reuse: Bool = true, source: IPAddress? = nil, interface: String? = nil, jitter: Int = 0,
        via: ProbeVia = .direct
    ) {
        (self.tls, self.reuse, self.source, self.interface, self.jitter) = (tls, reuse, source, interface, jitter)
        self.via = via
    }
}

/// Where a probe enters.
public enum ProbeVia: String, Sendable, Hashable, CaseIterable { case direct, vip }

/// What a certificate has to be.
public struct TLSCheck: Sendable, Hashable {
    /// Whether it has to be valid at all; its last day is shown either way.
    public var verify: Bool
    /// The name, or address, that it has to be for, and that is asked for (SNI); nil means `host`, or else the probed address.
    public var serverName: String?
    /// A file of trusted certificates (PEM); nil means those of the system.
    public var ca: String?
    /// Days before its end from which the answer counts as degraded; 0 and above.
    public var daysLeft: Int

    public init(verify: Bool = true, serverName: String? = nil, ca: String? = nil, daysLeft: Int = 14) {
        (self.verify, self.serverName, self.ca, self.daysLeft) = (verify, serverName, ca, daysLeft)
    }
}
