import CNetfilter
import Glibc
import Ruleset
import Seams

/// The kernel's answer to a message that it did not accept.
struct Refusal {
    let sequence: UInt32
    /// Positive, as in errno.h.
    let code: Int32
    let text: String?
    /// Where in the message the attribute stands that it complains of.
    let offset: Int?

    /// Nil for an acknowledgement.
    init?(_ header: UnsafePointer<nlmsghdr>) {
        guard Int(header.pointee.nlmsg_len) >= MemoryLayout<nlmsghdr>.size + MemoryLayout<nlmsgerr>.size else { return nil }
        let error = UnsafeRawPointer(header).advanced(by: MemoryLayout<nlmsghdr>.size).loadUnaligned(as: nlmsgerr.self)
        guard error.error != 0 else { return nil }
        code = -error.error
        sequence = error.msg.nlmsg_seq
        var (text, offset): (String?, Int?) = (nil, nil)
        if header.pointee.nlmsg_flags & UInt16(NLM_F_ACK_TLVS) != 0 {
            // Unless capped, the refused message stands between the error and its attributes.
            let isCapped = header.pointee.nlmsg_flags & UInt16(NLM_F_CAPPED) != 0
            let echoed = isCapped ? 0 : Int(error.msg.nlmsg_len) - MemoryLayout<nlmsghdr>.size
            for attribute in Attributes(message: header, skipping: MemoryLayout<nlmsgerr>.size + max(0, echoed)) {
                switch UInt32(attribute.type) {
                case NLMSGERR_ATTR_MSG.rawValue: text = attribute.string
                case NLMSGERR_ATTR_OFFS.rawValue: offset = attribute.hostNumber.map(Int.init)
                default: break
                }
            }
        }
        (self.text, self.offset) = (text, offset)
    }
}

extension Refusal {
    /// In words: what was refused, why, and what to do.
    func error(in batch: Batch, _ encoded: BatchEncoder) -> DriverError {
        let index = Int(sequence &- encoded.firstSequence)
        let origin = encoded.origins.indices.contains(index) ? encoded.origins[index] : nil
        let operation = origin.flatMap { $0.operation >= 0 ? $0.operation : nil }
        let object = operation.map { number in
            let element = origin.flatMap { self.element(in: batch.operations[number], $0, encoded) }
            return batch.description(of: number, element: element)
        }
        let kind = kind(inOperation: operation != nil)
        return DriverError(kind: kind, errno: code, kernelText: text, object: object, message: message(kind))
    }

    private func kind(inOperation: Bool) -> DriverError.Kind {
        switch code {
        case ERESTART: .staleGeneration
        case EPERM: inOperation ? .ownedByOther : .notPermitted
        case ENOMEM, ENFILE, ENOBUFS, EMSGSIZE, ENOSPC, E2BIG, EMFILE: .noRoom
        case EOPNOTSUPP, EAFNOSUPPORT, EPROTONOSUPPORT: .unsupported
        default: .refused
        }
    }

    private func message(_ kind: DriverError.Kind) -> String {
        switch kind {
        case .staleGeneration: "another transaction came between: decide again on the new generation"
        case .ownedByOther: "the table belongs to another process that is alive: stop it first"
        case .notPermitted: "nf_tables needs CAP_NET_ADMIN in this network namespace"
        case .noRoom: "the kernel has no room for this change, the old state stays: \(words(of: code))"
        case .unsupported: "this kernel cannot do this: \(words(of: code))"
        case .refused, .broken: "the kernel refused the change, nothing was applied: \(words(of: code))"
        }
    }

    /// The element whose attribute the kernel points at.
    private func element(in operation: Batch.Operation, _ origin: BatchEncoder.Origin, _ encoded: BatchEncoder) -> Int? {
        guard let offset, let type = operation.elementType, let start = encoded.buffer.bytes.baseAddress else { return nil }
        let header = (start + origin.offset).assumingMemoryBound(to: nlmsghdr.self)
        let list = Attributes(message: header).first { UInt32($0.type) == NFTA_SET_ELEM_LIST_ELEMENTS.rawValue }
        guard let list, let place = list.nested.firstIndex(endingBehind: offset, of: header) else { return nil }
        // A range of a lone field is two elements.
        return origin.firstElement + place / (type.isInterval && type.key.count == 1 ? 2 : 1)
    }
}

extension Attributes {
    /// The first attribute that ends behind an offset in the message.
    fileprivate func firstIndex(endingBehind offset: Int, of message: UnsafeRawPointer) -> Int? {
        for (index, attribute) in enumerated() {
            guard let content = attribute.content.baseAddress else { continue }
            if content + attribute.content.count - message > offset { return index }
        }
        return nil
    }
}

extension Batch.Operation {
    fileprivate var elementType: SetType? {
        switch self {
        case .addElements(_, _, let type, _), .deleteElements(_, _, let type, _): type
        default: nil
        }
    }
}
