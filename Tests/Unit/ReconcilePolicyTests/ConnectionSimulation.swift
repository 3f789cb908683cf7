import Glibc

@testable import ReconcilePolicy

/// Backends under connections that come by chance and last by chance, with `LeastConnections` looking on. Seeded, without a clock.
struct ConnectionSimulation {
    struct Backend {
        var name: String
        var weight: Int
        var isServing: Bool
        /// Seconds that a connection lasts on average.
        var lasting: Double
        fileprivate(set) var live = 0
        fileprivate var opened = 0

        init(name: String, weight: Int = 1, isServing: Bool = true, lasting: Double) {
            (self.name, self.weight, self.isServing, self.lasting) = (name, weight, isServing, lasting)
        }
    }
    struct Look {
        let time: Double
        let live: [Int]
        let slots: [Int]
        let moved: Int
    }

    var backends: [Backend]
    /// New connections a second.
    var rate: Double
    let tableSize: Int
    /// False: each lasts exactly as long as its backend says.
    var isByChance = true
    private(set) var looks: [Look] = []
    private var policy = LeastConnections()
    private var table: [Int] = []
    private var ends = Heap()
    private var random: SplitMix
    private(set) var time = 0.0
    private var arrival = 0.0
    static let interval = 0.25

    init(_ backends: [Backend], rate: Double, tableSize: Int, seed: UInt64) {
        (self.backends, self.rate, self.tableSize) = (backends, rate, tableSize)
        random = SplitMix(state: seed)
        arrival = chance(1 / rate)
        look(after: Self.interval)
    }

    /// As many backends as `lasting` has entries.
    init(lasting: [Double], rate: Double, tableSize: Int, seed: UInt64) {
        let backends = lasting.enumerated().map { Backend(name: "b\($0)", lasting: $1) }
        self.init(backends, rate: rate, tableSize: tableSize, seed: seed)
    }

    mutating func run(_ seconds: Double) {
        let end = time + seconds
        var look = time + Self.interval
        while look <= end + 1e-9 {
            while min(arrival, ends.first?.time ?? .infinity) < look { step() }
            time = look
            self.look(after: Self.interval)
            look += Self.interval
        }
    }

    private mutating func step() {
        if let end = ends.first, end.time <= arrival {
            ends.removeFirst()
            backends[end.backend].live -= 1
        } else {
            let backend = table[Int.random(in: table.indices, using: &random)]
            backends[backend].live += 1
            backends[backend].opened += 1
            let lasting = backends[backend].lasting
            ends.insert((arrival + (isByChance ? chance(lasting) : lasting), backend))
            arrival += chance(1 / rate)
        }
    }

    /// Exponentially distributed.
    private mutating func chance(_ mean: Double) -> Double { -mean * log(1 - Double.random(in: 0..<1, using: &random)) }

    private mutating func look(after seconds: Double) {
        let before = policy.slots
        let members = backends.map {
            LeastConnections.Member(name: $0.name, weight: $0.weight, isServing: $0.isServing, live: $0.live, opened: $0.opened)
        }
        policy.deal(members, tableSize: tableSize, after: .seconds(seconds))
        for index in backends.indices { backends[index].opened = 0 }
        let slots = backends.map { policy.slots[$0.name] ?? 0 }
        table = slots.indices.flatMap { [Int](repeating: $0, count: slots[$0]) }
        let moved = backends.reduce(0) { $0 + max(0, (policy.slots[$1.name] ?? 0) - (before[$1.name] ?? 0)) }
        looks.append(Look(time: time, live: backends.map(\.live), slots: slots, moved: moved))
    }
}

extension ConnectionSimulation {
    func looks(_ times: ClosedRange<Double>) -> [Look] { looks.filter { times.contains($0.time) } }

    /// The most beyond the least, of the mean: at each look, averaged over the looks.
    func spread(_ times: ClosedRange<Double>) -> Double {
        let spreads = looks(times).map { Self.spread(zip($0.live, backends).map { Double($0) / Double($1.weight) }) }
        return spreads.reduce(0, +) / Double(spreads.count)
    }

    /// The same of what each has on average: without what chance does from look to look.
    func spreadOfMeans(_ times: ClosedRange<Double>) -> Double {
        let looks = looks(times)
        return Self.spread(
            backends.indices.map { index in
                looks.reduce(0) { $0 + Double($1.live[index]) } / Double(looks.count * backends[index].weight)
            })
    }

    /// Of the table, 0–1.
    func share(of backend: Int, _ times: ClosedRange<Double>) -> Double {
        let looks = looks(times)
        return looks.reduce(0) { $0 + Double($1.slots[backend]) } / Double(looks.count * tableSize)
    }

    private static func spread(_ values: [Double]) -> Double {
        guard let most = values.max(), let least = values.min() else { return 0 }
        let mean = values.reduce(0, +) / Double(values.count)
        return mean == 0 ? 0 : (most - least) / mean
    }
}

/// The next to end first.
private struct Heap {
    private var entries: [(time: Double, backend: Int)] = []

    var first: (time: Double, backend: Int)? { entries.first }

    mutating func insert(_ entry: (time: Double, backend: Int)) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0, entries[child].time < entries[(child - 1) / 2].time {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() {
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var parent = 0
        while true {
            let children = [2 * parent + 1, 2 * parent + 2].filter { $0 < entries.count }
            guard let child = children.min(by: { entries[$0].time < entries[$1].time }), entries[child].time < entries[parent].time
            else { return }
            entries.swapAt(parent, child)
            parent = child
        }
    }
}
