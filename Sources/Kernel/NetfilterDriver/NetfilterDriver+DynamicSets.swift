import CNetfilter
import Glibc
import Ruleset
import Seams

extension NetfilterDriver {
    /// Readings that a transaction may overtake; the last one is taken as it is.
    private static var readings: Int { 3 }

    public func elements(of set: String, in family: TableFamily, type: SetType) throws(DriverError) -> DynamicElements {
        var (reader, isWhole, readings) = (ElementReader(type), false, 0)
        while !isWhole, readings < Self.readings {
            reader = ElementReader(type)
            isWhole = try askForElements(of: set, family) { reader.read($0) }
            readings += 1
        }
        return reader.dynamicElements
    }

    public func elementCounters(of set: String, in family: TableFamily, type: SetType) throws(DriverError) -> ElementCounters {
        var reader = ElementReader(type)
        // Overtaken by a transaction, a reading may lack an element: it is read the next time.
        _ = try askForElements(of: set, family) { reader.read($0) }
        return reader.elementCounters
    }

    public func count(of set: String, in family: TableFamily) throws(DriverError) -> Int {
        var count: UInt32?
        let name = [(NFTA_SET_TABLE.rawValue, Ruleset.tableName), (NFTA_SET_NAME.rawValue, set)]
        _ = try ask(NFT_MSG_GETSET, family: family.rawValue, dump: false, name) { message in
            count = Attributes(message: message).first { UInt32($0.type) == TableReader.RecognisedSet.countAttribute }?.number
        }
        if let count { return Int(count) }
        var elements = 0
        _ = try askForElements(of: set, family) { message in
            for list in message where UInt32(list.type) == NFTA_SET_ELEM_LIST_ELEMENTS.rawValue {
                elements += list.nested.reduce(0) { count, _ in count + 1 }
            }
        }
        return elements
    }

    /// Returns false when a transaction came between.
    func askForElements(of set: String, _ family: TableFamily, _ body: (Attributes) -> Void) throws(DriverError) -> Bool {
        let name = [(NFTA_SET_ELEM_LIST_TABLE.rawValue, Ruleset.tableName), (NFTA_SET_ELEM_LIST_SET.rawValue, set)]
        return try ask(NFT_MSG_GETSETELEM, family: family.rawValue, dump: true, name) { body(Attributes(message: $0)) }
    }
}

/// How elements of dynamic sets are deleted.
struct DynamicDeletion {
    /// NFT_MSG_DESTROYSETELEM (Linux 6.3) passes over elements that are not there; not in the headers of Debian 12.
    static let destroy: UInt32 = 30

    private(set) var message: nf_tables_msg_types

    init(_ message: UInt32 = Self.destroy) { self.message = nf_tables_msg_types(message) }

    /// True if the error came of a kernel that does not know the message, and the batch can be tried again without it.
    mutating func giveUp(on error: DriverError, _ batch: Batch) -> Bool {
        guard error.errno == EINVAL, message != NFT_MSG_DELSETELEM, batch.operations.contains(where: \.deletesDynamicElements) else {
            return false
        }
        message = NFT_MSG_DELSETELEM
        return true
    }
}

extension Batch.Operation {
    var deletesDynamicElements: Bool {
        if case .deleteElements(_, _, let type, _) = self { type.dynamic != nil } else { false }
    }
}
