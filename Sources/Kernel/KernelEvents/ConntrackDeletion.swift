import CNetfilter
import Glibc
import NetTypes
import Seams

/// Deletions of single entries, sent many at a time.
///
/// Each names its entry by the original tuple and the id, so that an entry which took the tuple meanwhile stays. One message that deletes
/// by CTA_FILTER (newer kernels) is not used: its comparison of IPv6 addresses is inverted and would delete the connections of all other
/// backends, it cannot tell TCP states apart nor say how many it deleted, and to kernels that do not know the filter a delete without
/// a tuple is a flush of the whole table.
struct ConntrackDeletion {
    private let family: AddressFamily
    private let identity: [[UInt8]]

    /// Nil when the message lacks the original tuple or the id: what is left would name more than one entry.
    init?(_ message: NetlinkMessage, family: AddressFamily) {
        let kept = [CTA_TUPLE_ORIG, CTA_ID, CTA_ZONE].map { Int($0.rawValue) }
        let attributes = message.attributes(after: nfgenmsg.self).filter { kept.contains($0.type) }
        let types = attributes.map(\.type)
        guard types.contains(kept[0]), types.contains(kept[1]) else { return nil }
        (self.family, identity) = (family, attributes.map { Array($0.whole) })
    }

    /// Deletes and returns how many were still there.
    static func delete(_ deletions: [ConntrackDeletion], _ socket: NetlinkSocket) throws(DriverError) -> Int {
        var deleted = 0
        // 128 acknowledgements fit into the default receive buffer.
        for start in stride(from: 0, to: deletions.count, by: 128) {
            deleted += try deleteTogether(deletions[start..<min(start + 128, deletions.count)], socket)
        }
        return deleted
    }

    private static func deleteTogether(_ deletions: ArraySlice<ConntrackDeletion>, _ socket: NetlinkSocket) throws(DriverError) -> Int {
        var bytes: [UInt8] = []
        let numbers = deletions.map { $0.append(to: &bytes, socket.nextSequence()) }
        let purpose = "forget connections"
        let results = try socket.askEach(bytes, numbered: numbers, to: purpose)
        // ENOENT: it ended by itself, or another took its tuple.
        if let code = results.values.first(where: { $0 != 0 && $0 != ENOENT }) { throw .failed(purpose, code) }
        return results.values.count { $0 == 0 }
    }

    private func append(to bytes: inout [UInt8], _ number: UInt32) -> UInt32 {
        let request = NetlinkRequest(type: conntrackType(IPCTNL_MSG_CT_DELETE), flags: NLM_F_ACK)
        request.fixedHeader(conntrackHeader(family))
        for attribute in identity { request.copy(attribute) }
        request.number(number)
        bytes.append(contentsOf: request.bytes)
        return number
    }
}
