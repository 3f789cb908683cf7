import CNetfilter
import NetTypes
import Ruleset
import Seams

/// A batch as netlink messages, and for each of them the operation that it came from.
struct BatchEncoder {
    struct Origin {
        /// Index in the batch; -1 for the messages that begin and end it.
        let operation: Int
        /// The first element in the message, where it holds elements.
        var firstElement = 0
        /// Where the message stands in the buffer.
        let offset: Int
    }

    let buffer: MessageBuffer
    let firstSequence: UInt32
    private(set) var origins: [Origin] = []
    private let options: Options

    struct Options {
        /// NFT_TABLE_F_* by family.
        var tableFlags: (TableFamily) -> UInt32
        var isInterval: (TableFamily, String) -> Bool
        /// The message that deletes elements of dynamic sets.
        var dynamicDeletion = NFT_MSG_DELSETELEM
    }

    /// An attribute's length is 16 bits; what is nested in it stays a little below.
    private static let listLimit = 0xFFF0 - 16

    init(_ batch: Batch, into buffer: MessageBuffer, firstSequence: UInt32, generation: UInt32, _ options: Options) {
        (self.buffer, self.firstSequence, self.options) = (buffer, firstSequence, options)
        origins.reserveCapacity(batch.operations.count + 2)
        let first = begin(-1)
        buffer.boundary({ nftnl_batch_begin($0.assumingMemoryBound(to: CChar.self), $1) }, sequence: first, generation: generation)
        for (index, operation) in batch.operations.enumerated() { encode(operation, index) }
        let last = begin(-1)
        buffer.boundary({ nftnl_batch_end($0.assumingMemoryBound(to: CChar.self), $1) }, sequence: last)
    }

    /// Octets and messages that a batch needs at most.
    static func size(_ batch: Batch) -> (octets: Int, messages: Int) {
        var (octets, messages) = (2 * MessageBuffer.headroom, 2)
        for operation in batch.operations {
            switch operation {
            case .addElements(_, _, let type, let rows), .deleteElements(_, _, let type, let rows):
                let elements = rows.count * ElementEncoder.largest(type)
                // A message may end one element early.
                let parts = elements / (listLimit - ElementEncoder.largest(type)) + 1
                octets += elements + parts * 1024
                messages += parts
            default:
                octets += 4096
                messages += 1
            }
        }
        return (octets, messages)
    }

    private mutating func begin(_ operation: Int, firstElement: Int = 0) -> UInt32 {
        origins.append(Origin(operation: operation, firstElement: firstElement, offset: buffer.count))
        return firstSequence + UInt32(origins.count - 1)
    }

    private mutating func message(
        _ index: Int, _ type: nf_tables_msg_types, _ family: TableFamily, flags: Int32 = 0, _ body: (UnsafeMutablePointer<nlmsghdr>) -> Void
    ) {
        let sequence = begin(index)
        buffer.message(Int(type.rawValue), family: family.rawValue, flags: flags, sequence: sequence, body)
    }

    private static let create = Int32(NLM_F_CREATE | NLM_F_EXCL)

    private mutating func encode(_ operation: Batch.Operation, _ index: Int) {
        switch operation {
        case .addTable(let family):
            let flags = options.tableFlags(family)
            message(index, NFT_MSG_NEWTABLE, family, flags: Int32(NLM_F_CREATE)) {
                $0.append(NFTA_TABLE_NAME.rawValue, Ruleset.tableName)
                mnl_attr_put_u32($0, UInt16(NFTA_TABLE_FLAGS.rawValue), flags.bigEndian)
            }
        case .deleteTable(let family):
            message(index, NFT_MSG_DELTABLE, family) { $0.append(NFTA_TABLE_NAME.rawValue, Ruleset.tableName) }
        case .addSet(let family, let name, let type):
            message(index, NFT_MSG_NEWSET, family, flags: Self.create) { Self.appendSet($0, name, type, id: UInt32(index + 1)) }
        case .deleteSet(let family, let name):
            message(index, NFT_MSG_DELSET, family) { $0.append(NFTA_SET_TABLE.rawValue, NFTA_SET_NAME.rawValue, name) }
        case .addChain(let family, let name, let base):
            message(index, NFT_MSG_NEWCHAIN, family, flags: Self.create) { Self.appendChain($0, name, base) }
        case .deleteChain(let family, let name):
            message(index, NFT_MSG_DELCHAIN, family) { $0.append(NFTA_CHAIN_TABLE.rawValue, NFTA_CHAIN_NAME.rawValue, name) }
        case .addRule(let family, let chain, let rule):
            let isInterval = options.isInterval
            message(index, NFT_MSG_NEWRULE, family, flags: Int32(NLM_F_CREATE | NLM_F_APPEND)) {
                Self.appendRule($0, chain, RuleEncoder.expressions(rule, in: family) { isInterval(family, $0) })
            }
        case .flushChain(let family, let name):
            message(index, NFT_MSG_DELRULE, family) { $0.append(NFTA_RULE_TABLE.rawValue, NFTA_RULE_CHAIN.rawValue, name) }
        case .addElements(let family, let set, let type, let rows):
            encode(rows, of: set, type, family, .add, index)
        case .deleteElements(let family, let set, let type, let rows):
            encode(rows, of: set, type, family, .delete, index)
        case .flushSet(let family, let name):
            message(index, NFT_MSG_DELSETELEM, family) {
                $0.append(NFTA_SET_ELEM_LIST_TABLE.rawValue, NFTA_SET_ELEM_LIST_SET.rawValue, name)
            }
        case .addHelper(let family, let helper):
            message(index, NFT_MSG_NEWOBJ, family, flags: Self.create) { $0.appendHelper(helper.name, helper) }
        case .deleteHelper(let family, let name): message(index, NFT_MSG_DELOBJ, family) { $0.appendHelper(name) }
        }
    }

    private mutating func encode(
        _ rows: ElementTable, of set: String, _ type: SetType, _ family: TableFamily, _ purpose: ElementEncoder.Purpose, _ index: Int
    ) {
        precondition(rows.layout == type.layout, "rows of set \(set) do not have its layout")
        var (encoder, next) = (ElementEncoder(type, purpose), 0)
        let deletion = type.dynamic == nil ? NFT_MSG_DELSETELEM : options.dynamicDeletion
        let kind = purpose == .add ? NFT_MSG_NEWSETELEM : deletion
        while next < rows.count {
            let sequence = begin(index, firstElement: next)
            let flags = purpose == .add ? Self.create : 0
            buffer.message(Int(kind.rawValue), family: family.rawValue, flags: flags, sequence: sequence) { header in
                header.append(NFTA_SET_ELEM_LIST_TABLE.rawValue, NFTA_SET_ELEM_LIST_SET.rawValue, set)
                header.nest(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) {
                    let (written, following) = encoder.write(rows, from: next, to: header.tail, limit: Self.listLimit)
                    header.pointee.nlmsg_len += UInt32(written)
                    next = following
                }
            }
        }
    }
}

extension UnsafeMutablePointer<nlmsghdr> {
    /// Our table, and an object in it.
    fileprivate func append(_ table: UInt32, _ attribute: UInt32, _ name: String) {
        append(table, Ruleset.tableName)
        append(attribute, name)
    }
}
