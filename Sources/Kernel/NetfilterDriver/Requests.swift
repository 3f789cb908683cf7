import CNetfilter
import Glibc
import Ruleset
import Seams

/// Questions to nf_tables outside transactions.
extension NetfilterDriver {
    public func generation() throws(DriverError) -> UInt32 {
        var generation: UInt32?
        _ = try ask(NFT_MSG_GETGEN, family: 0, dump: false) { message in
            generation = Attributes(message: message).first { UInt32($0.type) == NFTA_GEN_ID.rawValue }?.number
        }
        guard let generation else { throw DriverError(kind: .broken, message: "nf_tables did not tell its generation") }
        return generation
    }

    /// Sends one request and hands over the attributes of each answer. Returns false when a dump was overtaken by a transaction.
    func ask(
        _ type: nf_tables_msg_types, family: UInt8, dump: Bool, _ arguments: [(UInt32, String)] = [],
        _ body: (UnsafePointer<nlmsghdr>) -> Void
    ) throws(DriverError) -> Bool {
        let sequence = socket.takeSequence(1)
        try send(type, family, dump ? Int32(NLM_F_DUMP) : Int32(NLM_F_ACK), sequence, arguments)
        var isConsistent = true
        let isAnswered = try socket.receive { header throws(DriverError) in
            guard header.pointee.nlmsg_seq == sequence else { return true }
            if header.pointee.nlmsg_flags & UInt16(NLM_F_DUMP_INTR) != 0 { isConsistent = false }
            switch Int32(header.pointee.nlmsg_type) {
            case NLMSG_DONE: return false
            case NLMSG_ERROR:
                if let refusal = Refusal(header) { throw refusal.error(asking: arguments.last?.1) }
                return false
            default:
                body(header)
                return true
            }
        }
        guard isAnswered else { throw DriverError(kind: .broken, message: "nf_tables left a request without an answer") }
        return isConsistent
    }

    private func send(
        _ type: nf_tables_msg_types, _ family: UInt8, _ flags: Int32, _ sequence: UInt32, _ arguments: [(UInt32, String)]
    ) throws(DriverError) {
        let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 1024, alignment: 8)
        defer { room.deallocate() }
        guard let base = room.baseAddress else { return }
        let kind = UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(type.rawValue)
        guard let header = mnl_nlmsg_put_header(base) else { return }
        header.pointee.nlmsg_type = kind
        header.pointee.nlmsg_flags = UInt16(NLM_F_REQUEST | flags)
        header.pointee.nlmsg_seq = sequence
        let extra = mnl_nlmsg_put_extra_header(header, MemoryLayout<nfgenmsg>.size)
        extra?.storeBytes(of: family, as: UInt8.self)
        for (attribute, value) in arguments { header.append(attribute, value) }
        try socket.send(UnsafeRawBufferPointer(start: base, count: Int(header.pointee.nlmsg_len)))
    }

    /// Our tables, whoever made them.
    func existingTables() throws(DriverError) -> [ExistingTable] {
        var tables: [ExistingTable] = []
        for family in TableFamily.allCases {
            _ = try ask(NFT_MSG_GETTABLE, family: family.rawValue, dump: true) { message in
                var (isOurs, flags, owner): (Bool, UInt32, UInt32?) = (false, 0, nil)
                for attribute in Attributes(message: message) {
                    switch UInt32(attribute.type) {
                    case NFTA_TABLE_NAME.rawValue: isOurs = attribute.string == Ruleset.tableName
                    case NFTA_TABLE_FLAGS.rawValue: flags = attribute.number ?? 0
                    case NFTA_TABLE_OWNER.rawValue: owner = attribute.number
                    default: break
                    }
                }
                if isOurs { tables.append(ExistingTable(family: family, flags: flags, owner: owner)) }
            }
        }
        return tables
    }

    /// Nil when there is no such set.
    func setFlags(_ family: TableFamily, _ set: String) throws(DriverError) -> UInt32? {
        var flags: UInt32?
        do {
            let name = [(NFTA_SET_TABLE.rawValue, Ruleset.tableName), (NFTA_SET_NAME.rawValue, set)]
            _ = try ask(NFT_MSG_GETSET, family: family.rawValue, dump: false, name) { message in
                flags = Attributes(message: message).first { UInt32($0.type) == NFTA_SET_FLAGS.rawValue }?.number ?? 0
            }
        } catch {
            guard error.errno == ENOENT else { throw error }
        }
        return flags
    }
}

extension Refusal {
    fileprivate func error(asking name: String?) -> DriverError {
        let kind: DriverError.Kind = code == EPERM ? .notPermitted : code == ENOBUFS || code == ENOMEM ? .noRoom : .refused
        let message = "nf_tables refused to answer: \(words(of: code))"
        return DriverError(kind: kind, errno: code, kernelText: text, object: name, message: message)
    }
}
