/// `POST /api/v1/apply`
public struct ApplyRequest: Codable, Sendable, Equatable {
    public var dryRun: Bool
    /// Goes above the blast-radius limit.
    public var force: Bool
    public init(dryRun: Bool = false, force: Bool = false) { (self.dryRun, self.force) = (dryRun, force) }
}

/// `PUT /api/v1/farms/{farm}/backends/{backend}/override`: what is nil stays as it is.
public struct OverrideRequest: Codable, Sendable, Equatable {
    /// ready, drain or maintenance
    public var admin: String?
    /// 0–1000
    public var weight: Int?
    public init(admin: String? = nil, weight: Int? = nil) { (self.admin, self.weight) = (admin, weight) }
}

/// RFC 9457, `application/problem+json`.
public struct Problem: Codable, Error, Sendable, Equatable {
    public var title: String
    /// The HTTP status: 400 bad request, 404 not found, 409 conflict (blast radius, stale), 422 bad farm files or a farm that keeps no
    /// sessions, 503 kernel refused.
    public var status: Int
    public var detail: String
    /// Rendered config faults, one an entry.
    public var faults: [String]?
    public init(title: String, status: Int, detail: String, faults: [String]? = nil) {
        (self.title, self.status, self.detail, self.faults) = (title, status, detail, faults)
    }
}

/// Who asks: from the peer credentials of the socket.
public struct Caller: Sendable, Equatable {
    /// `lbctl:root`
    public var name: String
    public init(name: String) { self.name = name }
}
