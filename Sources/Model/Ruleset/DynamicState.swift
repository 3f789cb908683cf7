/// What packets leave behind in the kernel: elements of dynamic sets, tokens of rate limits, connections.
///
/// Connections do not end by themselves here: their timeouts are longer than any sequence of packets that is traced.
public struct DynamicState: Sendable, Hashable {
    /// Since the first packet.
    public private(set) var now: Duration = .zero
    private var sets: [SetName: [[UInt8]: Element]] = [:]
    private var buckets: [RulePlace: TokenBucket] = [:]
    var connections: [Flow: Connection] = [:]

    public init() {}

    struct SetName: Sendable, Hashable {
        let table: TableFamily
        let name: String
    }

    struct Element: Sendable, Hashable {
        let value: [UInt8]
        var expiry: Duration?
        var bucket: TokenBucket?
        /// Of which `ct count` knows.
        var connections: Set<Flow> = []
    }

    /// Lets time go by.
    public mutating func wait(_ time: Duration) { now += time }

    /// Puts elements into a dynamic set as if packets had done it: what a kernel was found with.
    public mutating func insert(_ rows: ElementTable, into set: String, of table: TableFamily) {
        for index in 0..<rows.count {
            sets[SetName(table: table, name: set), default: [:]][Array(rows.key(index))] = Element(value: Array(rows.value(index)))
        }
    }

    /// Whether rules have left something behind, beside what conntrack remembers by itself.
    public var isRemembering: Bool { !buckets.isEmpty || sets.values.contains { !$0.isEmpty } }

    /// The elements that packets have put into a dynamic set.
    public func rows(of set: ElementSet, in table: TableFamily) -> ElementTable {
        let elements = sets[SetName(table: table, name: set.name)]?.filter { !isOver($0.value) } ?? [:]
        return ElementTable(set.type.layout, unsortedRows: elements.flatMap { $0.key + $0.value.value })
    }

    public func count(of set: String, in table: TableFamily) -> Int {
        sets[SetName(table: table, name: set)]?.values.count { !isOver($0) } ?? 0
    }
}

extension DynamicState {
    private func isOver(_ element: Element) -> Bool { element.expiry.map { $0 <= now } ?? false }

    func value(of key: [UInt8], in set: SetName) -> [UInt8]? { element(key, in: set)?.value }

    private func element(_ key: [UInt8], in set: SetName) -> Element? {
        sets[set]?[key].flatMap { isOver($0) ? nil : $0 }
    }

    /// As nft_dynset_eval does: an element that is there keeps its value. False when the set is full.
    mutating func add(_ key: [UInt8], value: [UInt8] = [], to set: SetName, limits: SetType.Dynamic, seconds: UInt32?, renews: Bool) -> Bool
    {
        let expiry = (seconds ?? limits.timeout).map { now + .seconds($0) }
        if element(key, in: set) != nil {
            if renews, let expiry { sets[set]?[key]?.expiry = expiry }
            return true
        }
        var elements = sets[set, default: [:]].filter { !isOver($0.value) }
        guard elements.count < limits.size else { return false }
        elements[key] = Element(value: value, expiry: expiry)
        sets[set] = elements
        return true
    }

    mutating func remove(_ key: [UInt8], from set: SetName) { sets[set]?[key] = nil }

    /// Whether a packet is within the rate of a rule.
    mutating func take(_ rate: RateLimit, of rule: RulePlace) -> Bool {
        buckets[rule, default: TokenBucket(rate, at: .zero)].take(at: now)
    }

    /// Whether a packet is within the rate of an element that is there.
    mutating func take(_ rate: RateLimit, of key: [UInt8], in set: SetName) -> Bool {
        guard var element = element(key, in: set) else { return true }
        var bucket = element.bucket ?? TokenBucket(rate, at: now)
        let isWithin = bucket.take(at: now)
        element.bucket = bucket
        sets[set]?[key] = element
        return isWithin
    }

    /// Counts a connection with an element that is there; returns how many it has then.
    mutating func count(_ flow: Flow, with key: [UInt8], in set: SetName) -> Int {
        sets[set]?[key]?.connections.insert(flow)
        return sets[set]?[key]?.connections.count ?? 0
    }

    /// A connection that never came to be does not count; nor does its element stay when it has no other.
    mutating func uncount(_ flow: Flow, with key: [UInt8], in set: SetName) {
        guard connections[flow] == nil else { return }
        sets[set]?[key]?.connections.remove(flow)
        if sets[set]?[key]?.connections.isEmpty == true { sets[set]?[key] = nil }
    }
}
