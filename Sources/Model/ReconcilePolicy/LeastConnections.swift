import Glibc

/// Deals the slots of backends that share a table, so that each comes to have as many connections open as its weight deserves.
///
/// A backend that gets the share p of r new connections a second and keeps each for d seconds has r·p·d of them open (Little 1961). The
/// share that levels them is therefore known once d is, and d is what one look after the other tells: connections open times seconds,
/// by connections that ended. That share alone would level the mean and leave the rest to chance, and it would be late where a backend
/// has just become slower; so most of the decision is the share after which all would be level a moment from now, given what is open.
/// Where there is little to go by, because few connections are open, the first counts more than the second.
///
/// Nothing here knows the time or the kernel: one call is one look.
public struct LeastConnections: Sendable, Equatable {
    /// A backend at one look.
    public struct Member: Sendable, Equatable {
        public let name: String
        /// 0–1000, after overrides.
        public let weight: Int
        /// May get new connections.
        public let isServing: Bool
        /// Connections that are open.
        public let live: Int
        /// Connections that began since the look before.
        public let opened: Int

        public init(name: String, weight: Int, isServing: Bool, live: Int, opened: Int) {
            (self.name, self.weight, self.isServing) = (name, weight, isServing)
            (self.live, self.opened) = (live, opened)
        }
    }

    /// By backend; those that serve have all of the table between them, and one that has far too many connections may have none of it.
    public private(set) var slots: [String: Int]
    private var shares: [String: Double] = [:]
    private var lifetimes: [String: ConnectionLifetime] = [:]
    /// New connections a second.
    private var rate: Double?

    /// `slots`: what each backend has at the moment, where that is known.
    public init(slots: [String: Int] = [:]) {
        self.slots = slots
        let total = slots.values.reduce(0, +)
        if total > 0 { shares = slots.mapValues { Double($0) / Double(total) } }
    }

    /// Takes a look and deals anew. `members` are the backends of one table, each once and in any order.
    public mutating func deal(_ members: [Member], tableSize: Int, after elapsed: Duration) {
        let members = members.sorted { $0.name < $1.name }
        let seconds = min(max(elapsed / .seconds(1), 0.01), Self.longestStep)
        observe(members, seconds)
        let serving = members.filter { $0.isServing && $0.weight > 0 }
        guard !serving.isEmpty else {
            slots = [:]
            return
        }
        let current = present(serving)
        let wanted = bounded(wanted(serving, seconds), from: current, seconds)
        for (member, share) in zip(serving, wanted) { shares[member.name] = share }
        let names = serving.map(\.name)
        // What chance does to the counts is no reason to change anything.
        let slack = Self.slack / (1 + evidence(serving)).squareRoot()
        let dealt = apportioned(wanted, slots: tableSize, keeping: names.map { slots[$0] }, slack: slack)
        slots = Dictionary(uniqueKeysWithValues: zip(names, dealt))
    }

    private mutating func observe(_ members: [Member], _ seconds: Double) {
        let kept = exp(-seconds / memory(of: members.count))
        var known: [String: ConnectionLifetime] = [:]
        for member in members {
            var lifetime = lifetimes[member.name] ?? ConnectionLifetime()
            lifetime.observe(live: member.live, opened: member.opened, seconds: seconds, keeping: kept)
            known[member.name] = lifetime
        }
        lifetimes = known
        shares = shares.filter { known[$0.key] != nil }
        let now = Double(members.reduce(0) { $0 + $1.opened }) / seconds
        let share = exp(-seconds / Self.shortestMemory)
        rate = rate.map { $0 * share + now * (1 - share) } ?? now
    }

    /// Seconds until what was seen of lifetimes counts for 1/e: as long as it takes to see some connections of each backend end, which
    /// is as many as begin, and no longer, as a backend may become slow at any time.
    private func memory(of count: Int) -> Double {
        let wish = Self.endsRemembered * Double(count) / max(rate ?? 0, Self.slowest)
        return min(max(wish, Self.shortestMemory), Self.longestMemory)
    }

    /// What each has now. A backend that is new gets what its weight deserves, out of everybody's.
    private func present(_ serving: [Member]) -> [Double] {
        let total = Double(serving.reduce(0) { $0 + $1.weight })
        return normalized(serving.map { shares[$0.name] ?? Double($0.weight) / total })
    }

    /// Where the shares should be if nothing held them back.
    private func wanted(_ serving: [Member], _ seconds: Double) -> [Double] {
        let known = serving.map { lifetimes[$0.name] ?? ConnectionLifetime() }
        let common = ConnectionLifetime.common(of: known)
        let lasting = known.map { $0.mean(beside: common, trusting: Self.prior) }
        let weights = serving.map { Double($0.weight) }
        let steady = normalized(zip(weights, lasting).map { $0 / $1 })
        let perBackend = Self.perBackend(serving)
        guard perBackend > 0 else { return steady }
        let levelled = levelled(serving.map { Double($0.live) }, weights, lasting, seconds)
        let trust = perBackend / (perBackend + Self.few)
        return zip(steady, levelled).map { (1 - trust) * $0 + trust * $1 }
    }

    /// What is known of each backend, in connections: those that are open, and of those that have ended every tenth.
    private func evidence(_ serving: [Member]) -> Double {
        let ended = serving.reduce(0) { $0 + (lifetimes[$1.name]?.ended ?? 0) } / Double(serving.count)
        return Self.perBackend(serving) + ended / Self.endsRemembered
    }

    private static func perBackend(_ serving: [Member]) -> Double { Double(serving.reduce(0) { $0 + $1.live }) / Double(serving.count) }

    /// The shares after which all have the same number per weight at the end of the horizon: connections end meanwhile at the rate of
    /// their lifetimes, open ones and new ones alike.
    private func levelled(_ live: [Double], _ weights: [Double], _ lasting: [Double], _ seconds: Double) -> [Double] {
        let rate = max(rate ?? 0, Self.slowest)
        let wish = Self.arrivalsAhead * Double(live.count) / rate
        let horizon = min(max(wish, 2 * seconds), Self.longestHorizon)
        let staying = zip(live, lasting).map { $0 * exp(-horizon / $1) }
        let gain = lasting.map { -rate * $0 * expm1(-horizon / $0) }
        return poured(over: staying, weights: weights, gain: gain)
    }

    /// No share grows or shrinks by more than a factor, and a little on top, so that one that is 0 can come back.
    private func bounded(_ wanted: [Double], from current: [Double], _ seconds: Double) -> [Double] {
        let factor = pow(Self.fastest, seconds)
        let start = seconds * Self.startAgain / Double(current.count)
        return normalized(zip(wanted, current).map { min(max($0, $1 / factor - start), $1 * factor + start) })
    }
}

extension LeastConnections {
    private static let shortestMemory = 4.0
    private static let longestMemory = 60.0
    private static let endsRemembered = 10.0
    /// Ends that the mean of all backends stands for in the lifetime of each.
    private static let prior = 2.0
    /// Open connections of a backend at which their number says as much as their lifetime: the chance in it is its square root.
    private static let few = 10.0
    /// The part of a share that it may be off for a backend of which nothing is known; less as more is.
    private static let slack = 0.3
    /// New connections of each backend that the horizon should hold, so that the shares can do what is asked of them.
    private static let arrivalsAhead = 20.0
    /// Seconds.
    private static let longestHorizon = 8.0
    private static let longestStep = 10.0
    /// New connections a second below which there is nothing to steer with.
    private static let slowest = 1e-3
    /// By what a share grows or shrinks in a second, and by how much of an even share on top.
    private static let fastest = 4.0
    private static let startAgain = 0.2
}
