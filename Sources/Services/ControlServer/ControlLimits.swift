/// What one client may take of the control server; beyond it the request is refused or the connection closed.
public struct ControlLimits: Sendable {
    /// Bytes of a request's body.
    public var bodyBytes: Int
    /// From the opening of a connection, or the end of an answer, until the next request's header is complete.
    public var headerTime: Duration
    /// From the header until the body is complete.
    public var bodyTime: Duration
    public var connections: Int
    /// Between the comments on a quiet stream of events; a reader that has left holds its connection for about as long.
    public var heartbeat: Duration

    public init(
        bodyBytes: Int = 1 << 20, headerTime: Duration = .seconds(5), bodyTime: Duration = .seconds(10), connections: Int = 256,
        heartbeat: Duration = .seconds(15)
    ) {
        (self.bodyBytes, self.headerTime, self.bodyTime) = (bodyBytes, headerTime, bodyTime)
        (self.connections, self.heartbeat) = (connections, heartbeat)
    }
}
