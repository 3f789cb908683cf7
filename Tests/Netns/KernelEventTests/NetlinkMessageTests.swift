import CNetfilter
import NetTypes
import Testing

@testable import KernelEvents

@Suite struct NetlinkMessageTests {
    private func conntrackMessage(with types: [UInt32]) -> [UInt8] {
        let request = NetlinkRequest(type: conntrackType(IPCTNL_MSG_CT_NEW), flags: 0)
        request.fixedHeader(conntrackHeader(.ipv4))
        for type in types { request.put(type, bytes: [1, 2, 3, 4, 5]) }
        return Array(request.bytes)
    }

    @Test func attributesOfOddLengthsAreReadInTurn() {
        conntrackMessage(with: [1, 2, 3]).withUnsafeBytes { bytes in
            let messages = Array(NetlinkMessages(bytes))
            #expect(messages.count == 1)
            #expect(messages[0].attributes(after: nfgenmsg.self).map(\.type) == [1, 2, 3])
        }
    }

    @Test func messageCutAnywhereIsNoMessage() {
        let whole = conntrackMessage(with: [1, 2, 3])
        for length in 0..<whole.count - 3 {
            Array(whole[..<length]).withUnsafeBytes { #expect(Array(NetlinkMessages($0)).isEmpty) }
        }
    }

    @Test func attributesCutAnywhereAreReadAsFarAsTheyAreWhole() {
        let whole = Array(conntrackMessage(with: [1, 2]).dropFirst(20))
        for length in 0...whole.count {
            Array(whole[..<length]).withUnsafeBytes { bytes in
                #expect(Array(NetlinkAttributes(bytes)).count == (length >= 21 ? 2 : length >= 9 ? 1 : 0))
            }
        }
    }

    /// A delete that names no entry would flush the table.
    @Test(arguments: [[], [CTA_TUPLE_ORIG.rawValue], [CTA_ID.rawValue], [CTA_ID.rawValue, CTA_TUPLE_REPLY.rawValue]])
    func entryWithoutTupleOrIdIsNotDeleted(types: [UInt32]) throws {
        try conntrackMessage(with: types).withUnsafeBytes { bytes in
            let message = try #require(Array(NetlinkMessages(bytes)).first)
            let deletion = ConntrackDeletion(message, family: .ipv4)
            #expect(deletion == nil)
        }
    }
}
