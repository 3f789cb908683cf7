/// Several checks of one backend.
public struct CheckGroup: Sendable, Hashable {
    public var checks: [HealthCheck]
    public var require: CheckRequirement

    public init(checks: [HealthCheck], require: CheckRequirement = .all) { (self.checks, self.require) = (checks, require) }
}

/// How many checks have to succeed.
public enum CheckRequirement: Sendable, Hashable, CustomStringConvertible {
    case all, any
    /// 1 or more.
    case atLeast(Int)

    public func needed(of count: Int) -> Int {
        switch self {
        case .all: count
        case .any: 1
        case .atLeast(let number): number
        }
    }

    public var description: String {
        switch self {
        case .all: "all"
        case .any: "any"
        case .atLeast(let number): String(number)
        }
    }
}

/// An agent that is asked beside the check.
public struct AgentCheck: Sendable, Hashable {
    public var port: UInt16
    public var interval: Duration
    /// Sent when the connection is open; empty for nothing.
    public var send: [UInt8]

    public init(port: UInt16, interval: Duration = .seconds(2), send: [UInt8] = []) {
        (self.port, self.interval, self.send) = (port, interval, send)
    }
}
