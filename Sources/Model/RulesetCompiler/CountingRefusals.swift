import Ruleset

/// Why a packet was not let through, as far as a rule of ours decided it and counts it.
public enum Refusal: String, Sendable, Hashable, CaseIterable {
    /// The farm has no backend that takes the connection.
    case noBackend = "no-backend"
    /// dsr: the backend of the packet has no known way out.
    case noNextHop = "no-next-hop"
    case policy
    case banned
    case newConnections = "new-connections"
    case newConnectionsPerSource = "new-connections-per-source"
    case connectionsPerSource = "connections-per-source"
    case resetsPerSource = "resets-per-source"
    case backendConnections = "backend-connections"
    case bogusFlags = "bogus-flags"
    /// For a listener behind a proxy for SYNs, and of no connection.
    case synProxy = "syn-proxy"
    /// Of a backend, and conntrack cannot place it.
    case invalidReply = "invalid-reply"
    /// Of a backend, and begins a connection in its middle.
    case strayReply = "stray-reply"

    /// The refusal that a rule of a chain counts; nil where it counts nothing, or what goes on.
    public init?(counting rule: Rule, in chain: String) {
        guard rule.statements.contains(.counter), let last = rule.statements.last, Self.refuses(last) else { return nil }
        self = rule.statements.lazy.compactMap { Self(asked: $0, rule) }.first ?? Self(chain)
    }

    private static func refuses(_ statement: Statement) -> Bool {
        switch statement {
        case .verdict(.drop), .reject: true
        case .verdict(.goto(let chain)): chain == BackendLimit.refusalChain || chain.hasPrefix("ban-")
        default: false
        }
    }

    /// By the match that decides, if it says.
    private init?(asked match: Statement, _ rule: Rule) {
        switch match {
        case .connectionState(.invalid): self = .invalidReply
        case .connectionState(.new) where rule.statements.contains(.verdict(.drop)) || rule.statements.contains(.reject(.tcpReset)):
            self = .strayReply
        case .tcpFlags where Conduct.bogusFlags.contains(rule): self = .bogusFlags
        case .rate(_, isOver: true): self = .newConnections
        case .rateOver(_, _, let set): self = set.contains("resets-per-source") ? .resetsPerSource : .newConnectionsPerSource
        case .connectionsOver(_, _, let set): self = set.contains("connections-per-source") ? .connectionsPerSource : .backendConnections
        case .inSet(_, let set) where set.contains("banned"): self = .banned
        case .inSet(_, let set) where set.hasPrefix("networks") || set.hasPrefix("list"): self = .policy
        default: return nil
        }
    }

    private init(_ chain: String) {
        switch chain {
        case Direct.forwardChain: self = .noNextHop
        case _ where chain.hasPrefix("policy-"): self = .policy
        case _ where chain.hasPrefix("syn-proxy"): self = .synProxy
        default: self = .noBackend
        }
    }
}
