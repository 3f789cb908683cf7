/// Who a database is asked as.
public struct Login: Sendable, Hashable {
    public var user, password, database: String?

    public init(user: String? = nil, password: String? = nil, database: String? = nil) {
        (self.user, self.password, self.database) = (user, password, database)
    }
}

/// What a gRPC probe asks (grpc.health.v1.Health/Check over HTTP/2 without TLS).
public struct GRPCCheck: Sendable, Hashable {
    /// Empty for the server as a whole.
    public var service: String
    /// The `:authority`; nil means the address and port that are probed.
    public var host: String?

    public init(service: String = "", host: String? = nil) { (self.service, self.host) = (service, host) }
}

/// What an SMTP probe says (RFC 5321).
public struct SMTPCheck: Sendable, Hashable {
    /// The name in EHLO; nil means the address literal of nobody in particular, `[127.0.0.1]`.
    public var host: String?

    public init(host: String? = nil) { self.host = host }
}
