import Ruleset
import RulesetCompiler

/// Packets and bytes.
public struct PacketTally: Codable, Sendable, Hashable {
    public var packets: UInt64 = 0
    public var bytes: UInt64 = 0

    public init(packets: UInt64 = 0, bytes: UInt64 = 0) { (self.packets, self.bytes) = (packets, bytes) }

    static func += (left: inout PacketTally, right: PacketTally) {
        (left.packets, left.bytes) = (left.packets &+ right.packets, left.bytes &+ right.bytes)
    }
}

/// What has gone through a farm, a listener or a backend.
public struct TrafficTally: Codable, Sendable, Hashable {
    /// Opened.
    public var connections: UInt64 = 0
    public var requests = PacketTally()
    public var replies = PacketTally()

    public init() {}

    mutating func add(_ tally: PacketTally, _ counted: Counted) {
        switch counted {
        case .connections: connections &+= tally.packets
        case .requests: requests += tally
        case .replies: replies += tally
        case .policy: break
        }
    }
}

/// Of one farm. Its own sum outlasts listeners and backends that are gone.
public struct FarmTraffic: Codable, Sendable, Hashable {
    public var total = TrafficTally()
    /// By `Listener.description`.
    public var listeners: [String: TrafficTally] = [:]
    public var backends: [String: TrafficTally] = [:]
    /// What each policy has decided on.
    public var policies: [String: PacketTally] = [:]

    public init() {}

    mutating func add(_ tally: PacketTally, _ element: CountedElement) {
        guard element.counted != .policy else {
            policies[element.subject, default: PacketTally()] += tally
            return
        }
        total.add(tally, element.counted)
        listeners[element.listener, default: TrafficTally()].add(tally, element.counted)
        backends[element.subject, default: TrafficTally()].add(tally, element.counted)
    }
}

/// What sums of a farm may be named by.
public struct CountedNames: Sendable {
    public let listeners, backends, policies: Set<String>
    public init(listeners: Set<String>, backends: Set<String>, policies: Set<String> = []) {
        (self.listeners, self.backends, self.policies) = (listeners, backends, policies)
    }
}

/// Sums that only grow, over counters of elements that begin anew with each element.
public struct TrafficTotals: Sendable, Equatable {
    public internal(set) var farms: [String: FarmTraffic] = [:]
    /// What has been added up already.
    var seen: [SetPlace: [[UInt8]: PacketTally]] = [:]

    /// A set of one of our tables.
    public struct SetPlace: Codable, Sendable, Hashable {
        public let table: String
        public let set: String
        public init(_ table: TableFamily, _ set: String) { (self.table, self.set) = ("\(table)", set) }
    }

    public init() {}

    /// Adds what has been counted since the last reading. `elements`: whose packets elements count, by farm.
    ///
    /// An element that shows less than it did is a new one: it began at 0. One that was not read stays as it was.
    public mutating func take(_ counters: [SetPlace: ElementCounters], _ elements: [String: [CountedElement]]) {
        for (farm, elements) in elements {
            for element in elements { take(element, farm, counters[SetPlace(element.table, element.set)]) }
        }
    }

    private mutating func take(_ element: CountedElement, _ farm: String, _ counters: ElementCounters?) {
        guard let counter = counters?[element.identity] else { return }
        let place = SetPlace(element.table, element.set)
        let before = seen[place]?[element.identity] ?? PacketTally()
        let isNew = counter.packets < before.packets || counter.bytes < before.bytes
        let base = isNew ? PacketTally() : before
        let news = PacketTally(packets: counter.packets - base.packets, bytes: counter.bytes - base.bytes)
        guard news != PacketTally() else { return }
        seen[place, default: [:]][element.identity] = PacketTally(packets: counter.packets, bytes: counter.bytes)
        farms[farm, default: FarmTraffic()].add(news, element)
    }

    /// Drops farms, listeners, backends and policies that are not configured any more.
    public mutating func keep(only configured: (_ farm: String) -> CountedNames?) {
        farms = farms.reduce(into: [:]) { kept, entry in
            guard let names = configured(entry.key) else { return }
            var traffic = entry.value
            traffic.listeners = traffic.listeners.filter { names.listeners.contains($0.key) }
            traffic.backends = traffic.backends.filter { names.backends.contains($0.key) }
            traffic.policies = traffic.policies.filter { names.policies.contains($0.key) }
            kept[entry.key] = traffic
        }
    }
}

extension TrafficTotals {
    /// The batch is about to remove elements that have counted: they are read before.
    public static func isLosing(_ batch: Batch, of ruleset: Ruleset) -> Bool {
        batch.operations.contains { operation in
            switch operation {
            case .deleteElements(_, _, let type, _): type.isCounted
            case .deleteSet(let family, let name), .flushSet(let family, let name): ruleset[family]?.set(name)?.type.isCounted ?? false
            case .deleteTable(let family): ruleset[family]?.sets.contains { $0.type.isCounted } ?? false
            default: false
            }
        }
    }

    /// The batch has been taken: what it has removed, and made anew perhaps, begins at 0.
    public mutating func settle(_ batch: Batch) {
        for operation in batch.operations {
            switch operation {
            case .deleteElements(let family, let set, let type, let rows) where type.isCounted:
                for row in 0..<rows.count { seen[SetPlace(family, set)]?[Array(rows.identity(row))] = nil }
            case .deleteSet(let family, let set), .flushSet(let family, let set): seen[SetPlace(family, set)] = nil
            case .deleteTable(let family): seen = seen.filter { $0.key.table != "\(family)" }
            default: break
            }
        }
    }
}
