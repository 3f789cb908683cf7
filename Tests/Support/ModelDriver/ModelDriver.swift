import Ruleset
import Seams

/// The strict model of the kernel behind the driver's protocol: for tests that want no root.
public final class ModelDriver: RulesetDriver {
    private var kernel = ModelKernel()
    private static let socket: UInt32 = 1

    /// Begins with an empty kernel.
    public init() { kernel.open(socket: Self.socket) }

    public var ownsTables: Bool { true }

    public func claim() throws(DriverError) {
        let families = kernel.ruleset.tables.map(\.family) + [.inet]
        _ = try commit(Batch(Set(families).sorted().map { .addTable($0) }), expecting: nil)
    }

    public func commit(_ batch: Batch, expecting expected: UInt32?) throws(DriverError) -> UInt32 {
        do { return try kernel.apply(batch, from: Self.socket, expecting: expected) } catch { throw DriverError(error) }
    }

    public func dump(recognising expected: Ruleset) throws(DriverError) -> (ruleset: Ruleset, foreign: [String], generation: UInt32) {
        (kernel.ruleset.withoutDynamicElements, [], kernel.generation)
    }

    public func generation() throws(DriverError) -> UInt32 { kernel.generation }

    /// No packet ever passes the model.
    public func counters() throws(DriverError) -> [TableFamily: [String: [RuleCounter?]]] {
        let tables = kernel.ruleset.tables.map { table in
            (table.family, Dictionary(uniqueKeysWithValues: table.chains.map { ($0.name, $0.rules.map(\.counter)) }))
        }
        return Dictionary(uniqueKeysWithValues: tables)
    }
}

extension ModelDriver {
    /// Every element has the whole of its set's time left: the model has no clock.
    public func elements(of set: String, in family: TableFamily, type: SetType) throws(DriverError) -> DynamicElements {
        let rows = try held(set, family).elements
        return DynamicElements(rows: rows, remaining: Array(repeating: type.dynamic?.timeout.map { .seconds($0) }, count: rows.count))
    }

    /// No packet ever passes the model.
    public func elementCounters(of set: String, in family: TableFamily, type: SetType) throws(DriverError) -> ElementCounters {
        let rows = try held(set, family).elements
        return (0..<rows.count).reduce(into: [:]) { $0[Array(rows.identity($1))] = RuleCounter(packets: 0, bytes: 0) }
    }

    public func count(of set: String, in family: TableFamily) throws(DriverError) -> Int { try held(set, family).count }

    private func held(_ name: String, _ family: TableFamily) throws(DriverError) -> ElementSet {
        guard let set = kernel.ruleset[family]?.set(name) else {
            throw DriverError(kind: .refused, errno: 2, object: name, message: "no such set")
        }
        return set
    }
}

extension Ruleset {
    fileprivate var withoutDynamicElements: Ruleset {
        var ruleset = self
        for table in ruleset.tables.indices {
            for set in ruleset.tables[table].sets.indices where ruleset.tables[table].sets[set].type.dynamic != nil {
                ruleset.tables[table].sets[set].fragments = [:]
            }
        }
        return ruleset
    }
}

extension Rule {
    fileprivate var counter: RuleCounter? { statements.contains(.counter) ? RuleCounter(packets: 0, bytes: 0) : nil }
}

extension DriverError {
    fileprivate init(_ refusal: ModelKernel.Refusal) {
        let (kind, message): (Kind, String) =
            switch refusal.errno {
            case 85: (.staleGeneration, "another transaction came between")
            case 1: (.ownedByOther, "another process holds the table")
            default: (.refused, "the kernel refused the batch")
            }
        self.init(
            kind: kind, errno: refusal.errno, object: refusal.operation.map { "\(refusal.object), operation \($0)" } ?? refusal.object,
            message: message)
    }
}
