import Ruleset

/// What the kernel may hold after some packets: one world for each way that chance may have gone.
public struct Worlds: Sendable {
    private var worlds: [(state: DynamicState, share: Double)] = [(DynamicState(), 1)]
    private let tracer: Tracer
    private let remembersChance: Bool

    /// `remembersChance`: false where no rule remembers anything. Then only connections could tell which way chance has gone, and
    /// packets that leave it a choice are taken to be of connections that no other packet belongs to.
    public init(_ tracer: Tracer, remembersChance: Bool) { (self.tracer, self.remembersChance) = (tracer, remembersChance) }

    /// One way that a packet may go, and the worlds in which that leaves the kernel.
    public struct End: Sendable {
        public let fate: PacketFate
        public fileprivate(set) var share: Double
        public fileprivate(set) var worlds: Worlds
        /// The same by the rules that led there.
        public fileprivate(set) var paths: [[RulePlace]: Worlds]
    }

    public var count: Int { worlds.count }

    /// What may become of a packet, by its fate in the words of the corpus.
    public func send(_ line: PacketLine) -> [String: End] {
        var ends: [String: End] = [:]
        for world in worlds {
            var state = world.state
            if case .pause(let time) = line.interlude { state.wait(time) }
            let outcomes = tracer.outcomes(of: line.packet, in: state)
            let isForgotten = outcomes.count > 1 && !remembersChance
            for outcome in outcomes {
                let share = world.share * outcome.trace.share
                let words = outcome.trace.fate.words
                ends[words, default: End(fate: outcome.trace.fate, share: 0, worlds: nowhere, paths: [:])].share += share
                let next = (isForgotten ? state : outcome.state, share)
                ends[words]?.worlds.worlds.append(next)
                ends[words]?.paths[outcome.trace.rules, default: nowhere].worlds.append(next)
            }
        }
        return ends
    }

    private var nowhere: Worlds {
        var copy = self
        copy.worlds = []
        return copy
    }

    /// All of these, whichever it is.
    private func joined(_ all: some Sequence<Worlds>) -> Worlds {
        var shares: [DynamicState: Double] = [:]
        for world in all.flatMap(\.worlds) { shares[world.state, default: 0] += world.share }
        var result = nowhere
        result.worlds = shares.map { ($0.key, $0.value) }
        return result
    }

    /// Sends the packets one after the other; returns for each its ways, in the words of the corpus.
    public func answers(_ lines: [PacketLine]) -> [String] {
        var worlds = self
        return lines.map { line in
            let ends = worlds.send(line)
            worlds = joined(ends.values.map(\.worlds))
            return Self.text(ends.mapValues(\.share))
        }
    }

    private static func text(_ shares: [String: Double]) -> String {
        let ways = shares.sorted { $0.value == $1.value ? $0.key < $1.key : $0.value > $1.value }
        return ways.map { ways.count == 1 ? $0.key : "\(percent($0.value)) \($0.key)" }.joined(separator: " | ")
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10)%"
    }
}

extension Tracer {
    /// On the host of the corpus.
    public init(onCorpusHost ruleset: Ruleset) { self.init(ruleset, localAddresses: CorpusHost.addresses) }
}
