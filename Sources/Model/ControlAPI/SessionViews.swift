/// `GET /api/v1/sessions`
public struct SessionList: Codable, Sendable, Equatable {
    public var sessions: [SessionView]
    public init(sessions: [SessionView]) { self.sessions = sessions }
}

/// A client that is kept on a backend.
public struct SessionView: Codable, Sendable, Equatable {
    public var farm: String
    /// `203.0.113.10:80/tcp`
    public var listener: String
    /// The client's address; where the kernel holds a hash of it only, `#` and its digits.
    public var client: String
    /// Nil when the backend has left the farm: such a session counts for nothing.
    public var backend: String?
    /// Seconds until it ends unless the client comes again.
    public var expires: Double?

    public init(farm: String, listener: String, client: String, backend: String?, expires: Double?) {
        (self.farm, self.listener, self.client, self.backend, self.expires) = (farm, listener, client, backend, expires)
    }
}

/// `DELETE /api/v1/sessions`
public struct SessionsDeleted: Codable, Sendable, Equatable {
    public var deleted: Int
    public init(deleted: Int) { self.deleted = deleted }
}
