import FarmModel

/// A backend among all farms.
public struct BackendID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    public let farm: String
    public let backend: String

    public init(farm: String, backend: String) { (self.farm, self.backend) = (farm, backend) }

    public var description: String { "\(farm)/\(backend)" }
    public static func < (left: Self, right: Self) -> Bool { (left.farm, left.backend) < (right.farm, right.backend) }
}

/// What an operator has said at run time, beside the files; kept over restarts.
public struct Override: Sendable, Hashable, Codable {
    public var admin: AdminState?
    /// 0–1000
    public var weight: Int?

    public init(admin: AdminState? = nil, weight: Int? = nil) { (self.admin, self.weight) = (admin, weight) }

    public var isEmpty: Bool { admin == nil && weight == nil }
}
