/// One atomic netlink transaction: all of it happens, or nothing.
public struct Batch: Sendable, Hashable {
    public enum Operation: Sendable, Hashable {
        /// Creates or claims the table.
        case addTable(TableFamily)
        case deleteTable(TableFamily)
        case addHelper(TableFamily, HelperObject)
        case deleteHelper(TableFamily, name: String)
        /// Without its elements.
        case addSet(TableFamily, name: String, SetType)
        case deleteSet(TableFamily, name: String)
        /// Without its rules.
        case addChain(TableFamily, name: String, BaseChain?)
        case deleteChain(TableFamily, name: String)
        case addRule(TableFamily, chain: String, Rule)
        /// Deletes all rules of the chain.
        case flushChain(TableFamily, name: String)
        case addElements(TableFamily, set: String, SetType, ElementTable)
        case deleteElements(TableFamily, set: String, SetType, ElementTable)
        /// Deletes all elements, also those that packets have added.
        case flushSet(TableFamily, name: String)
    }

    public var operations: [Operation]

    public init(_ operations: [Operation] = []) { self.operations = operations }

    public var isEmpty: Bool { operations.isEmpty }

    public var elementsAdded: Int {
        operations.reduce(0) { if case .addElements(_, _, _, let rows) = $1 { $0 + rows.count } else { $0 } }
    }
    public var elementsRemoved: Int {
        operations.reduce(0) { if case .deleteElements(_, _, _, let rows) = $1 { $0 + rows.count } else { $0 } }
    }
}
