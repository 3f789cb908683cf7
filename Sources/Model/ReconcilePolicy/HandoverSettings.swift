/// How long flows of slots that moved stay with the backend they began at (docs/design/handover.md).
public struct HandoverSettings: Sendable, Hashable {
    /// tcp: a transition ends when its old path has carried no packet for this long.
    public var quiet: Duration
    /// No slot is in transition for longer than this; zero hands nothing over.
    public var limit: Duration
    /// udp, where nothing says that a flow begins: a slot's packets stay with the old backend for this long.
    public var udpHold: Duration

    public init(quiet: Duration = .seconds(60), limit: Duration = .seconds(600), udpHold: Duration = .seconds(60)) {
        (self.quiet, self.limit, self.udpHold) = (quiet, limit, udpHold)
    }

    /// A flow is remembered for an hour (RulesetCompiler, `HandoverChain.freshSeconds`): no transition may rely on it for longer.
    public static let longestLimit: Duration = .seconds(3600)
}
