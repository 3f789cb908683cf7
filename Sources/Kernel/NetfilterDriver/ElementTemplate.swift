import CNetfilter
import Ruleset

/// The attributes of one element with holes for what differs from row to row.
///
/// A range of a lone field is two elements: where it begins, and behind it one that is flagged as an end.
struct ElementTemplate {
    private(set) var bytes: [UInt8] = []
    private(set) var key = 0
    private(set) var keyEnd: Int?
    private(set) var value: Int?
    /// Without the element that ends a range.
    private(set) var firstLength = 0

    init(_ type: SetType, _ purpose: ElementEncoder.Purpose, verdict chain: String?) {
        let isRangeOfFields = type.isInterval && type.key.count > 1
        nest(UInt32(NFTA_LIST_ELEM.rawValue)) { element in
            element.key = element.hole(NFTA_SET_ELEM_KEY, type.keyLength)
            if isRangeOfFields { element.keyEnd = element.hole(NFTA_SET_ELEM_KEY_END, type.keyLength) }
            guard purpose == .add else { return }
            switch type.value {
            case .none: break
            case .verdict: element.appendVerdict(chain)
            case .fields: element.value = element.hole(NFTA_SET_ELEM_DATA, type.valueLength)
            }
        }
        firstLength = bytes.count
        guard type.isInterval, !isRangeOfFields else { return }
        nest(UInt32(NFTA_LIST_ELEM.rawValue)) { element in
            element.append(UInt32(NFTA_SET_ELEM_FLAGS.rawValue), networkOctets(UInt32(NFT_SET_ELEM_INTERVAL_END.rawValue)))
            element.keyEnd = element.hole(NFTA_SET_ELEM_KEY, type.keyLength)
        }
    }

    /// True for a range of a lone field that reaches to the greatest value: it has no element behind it.
    func isOpenEnded(_ source: UnsafeRawBufferPointer, at offset: Int, _ type: SetType) -> Bool {
        guard firstLength < bytes.count else { return false }
        return source[(offset + type.keyLength)..<(offset + 2 * type.keyLength)].allSatisfy { $0 == 0xFF }
    }

    private mutating func appendVerdict(_ chain: String?) {
        nest(UInt32(NFTA_SET_ELEM_DATA.rawValue)) { data in
            data.nest(UInt32(NFTA_DATA_VERDICT.rawValue)) { verdict in
                verdict.append(UInt32(NFTA_VERDICT_CODE.rawValue), networkOctets(chain == nil ? NF_ACCEPT : NFT_GOTO.rawValue))
                if let chain { verdict.append(UInt32(NFTA_VERDICT_CHAIN.rawValue), Array(chain.utf8) + [0]) }
            }
        }
    }

    /// An attribute with a value of `length` octets; returns the value's offset.
    private mutating func hole(_ attribute: nft_set_elem_attributes, _ length: Int) -> Int {
        var offset = 0
        nest(attribute.rawValue) { outer in
            offset = outer.bytes.count + Self.headerLength
            outer.append(UInt32(NFTA_DATA_VALUE.rawValue), [UInt8](repeating: 0, count: length))
        }
        return offset
    }

    private static let headerLength = 4

    private mutating func append(_ attribute: UInt32, _ octets: [UInt8]) {
        bytes += hostOctets(UInt16(Self.headerLength + octets.count)) + hostOctets(UInt16(attribute)) + octets
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    private mutating func nest(_ attribute: UInt32, _ body: (inout ElementTemplate) -> Void) {
        let start = bytes.count
        append(attribute | UInt32(NLA_F_NESTED), [])
        body(&self)
        bytes.replaceSubrange(start..<start + 2, with: hostOctets(UInt16(bytes.count - start)))
    }
}
