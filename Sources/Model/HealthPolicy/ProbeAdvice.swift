/// What an answer says of a backend beyond being up: it may ask for another weight or admin state, or warn.
///
/// Probes only carry it; whoever turns verdicts into slots decides what it changes.
public struct ProbeAdvice: Sendable, Hashable {
    /// Instead of the configured weight; nil leaves it.
    public var weight: Weight?
    /// What the backend asks for itself; nil leaves it.
    public var admin: Admin?
    /// Most connections that the backend wants; nil leaves it.
    public var connectionLimit: Int?
    /// It works, but says that something is wrong.
    public var isDegraded: Bool
    /// What an agent says of its backend; nil leaves it.
    public var health: Health?

    public enum Weight: Sendable, Hashable {
        /// Of the configured weight, 0 and above: an agent's "75%".
        case percent(Int)
        /// The weight itself, 0 and above: an exit code of the keepalived convention, less 2.
        case absolute(Int)
    }

    public enum Health: Sendable, Hashable {
        case up
        /// And why.
        case down(String)
    }

    /// The words of HAProxy's agents.
    public enum Admin: String, Sendable, Hashable {
        case ready, drain, maintenance
    }

    public init(weight: Weight? = nil, admin: Admin? = nil, connectionLimit: Int? = nil, isDegraded: Bool = false, health: Health? = nil) {
        (self.weight, self.admin, self.connectionLimit, self.isDegraded) = (weight, admin, connectionLimit, isDegraded)
        self.health = health
    }

    /// What holds after an earlier piece of advice and this one: what this one leaves stays as it was. Warnings are of the moment.
    public func over(_ earlier: ProbeAdvice) -> ProbeAdvice {
        ProbeAdvice(
            weight: weight ?? earlier.weight, admin: admin ?? earlier.admin, connectionLimit: connectionLimit ?? earlier.connectionLimit,
            isDegraded: isDegraded, health: health ?? earlier.health)
    }

    /// For people: "weight 75%, drain"; nil when nothing is asked for.
    public var words: String? {
        let parts: [String?] = [
            weight.map { weight in
                switch weight {
                case .percent(let percent): "weight \(percent)%"
                case .absolute(let weight): "weight \(weight)"
                }
            },
            admin?.rawValue, connectionLimit.map { "at most \($0) connection\($0 == 1 ? "" : "s")" }, isDegraded ? "degraded" : nil,
        ]
        let said = parts.compactMap { $0 }
        return said.isEmpty ? nil : said.joined(separator: ", ")
    }
}
