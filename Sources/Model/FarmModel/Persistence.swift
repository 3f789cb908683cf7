import NetTypes

/// Keeps clients on their backends for a time, whatever the scheduler says.
public struct Persistence: Sendable, Hashable {
    /// What makes two connections those of one client.
    public var key: HashInputs
    /// Since the last connection: whole seconds, 1 s–24 h.
    public var timeout: Duration
    /// Clients whose backend is written in the file; sorted by source, each source once; whatever the key.
    public var sessions: [StaticSession]

    public init(key: HashInputs = .address, timeout: Duration = .seconds(600), sessions: [StaticSession] = []) {
        (self.key, self.timeout, self.sessions) = (key, timeout, sessions)
    }
}

/// A client that always goes to one backend, as long as that is usable.
public struct StaticSession: Sendable, Hashable {
    public var source: IPAddress
    /// The name of a backend of the farm, of the source's family.
    public var backend: String

    public init(source: IPAddress, backend: String) {
        (self.source, self.backend) = (source, backend)
    }
}
