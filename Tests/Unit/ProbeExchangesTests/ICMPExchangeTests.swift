import Testing

@testable import ProbeExchanges

@Suite struct ICMPExchangeTests {
    private func step(_ exchange: inout ICMPExchange, _ bytes: [UInt8]) -> ProbeStep { exchange.received(bytes.span) }

    @Test func echoRepliesAreHeldAgainstTheRequest() {
        var exchange = ICMPExchange(.ipv4, token: 0x0102_0304_0506_0708)
        guard case .send(var reply) = exchange.opened() else { return #expect(Bool(false), "an echo request is sent") }
        #expect(ICMPExchange.checksum(reply) == 0 && reply[0] == 8)
        #expect(step(&exchange, reply) == .wait, "a request is no reply")
        reply[0] = 0
        for index in 1..<reply.count where ![2, 3, 4, 5].contains(index) {
            var other = reply
            other[index] ^= 1
            #expect(step(&exchange, other) == .wait, "byte \(index) is looked at")
            #expect(step(&exchange, Array(reply.prefix(index))) == .wait, "\(index) bytes are too few")
        }
        #expect(step(&exchange, reply) == .done(.success("echo reply")))
        let header: [UInt8] = [0x45] + [UInt8](repeating: 0, count: 19)
        #expect(step(&exchange, header + reply) == .done(.success("echo reply")), "as raw sockets give it")
        reply[4] ^= 1
        #expect(step(&exchange, header + reply) == .wait, "there the identifier is ours")
    }

    @Test func repliesToOthersAreBounded() {
        var exchange = ICMPExchange(.ipv6, token: 1)
        _ = exchange.opened()
        let other = [UInt8](repeating: 129, count: 16)
        for _ in 1..<ICMPExchange.mostReplies { #expect(step(&exchange, other) == .wait) }
        #expect(step(&exchange, other) == .done(.silence("no echo reply among 1024 to others")))
    }
}
