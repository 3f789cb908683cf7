import FarmModel
import Testing

@testable import ProbeExchanges

/// Answers of name servers, honest and not.
@Suite struct DNSTests {
    private static let question = DNSQuestion(id: 0x1234, name: "www.example", type: 1)

    /// An answer to `question` with these records, each from its name on.
    private func answer(flags: [UInt8] = [0x81, 0x80], records: [[UInt8]], to question: DNSQuestion = question) -> [UInt8] {
        var message = question.message
        (message[2], message[3]) = (flags[0], flags[1])
        (message[6], message[7]) = (UInt8(records.count >> 8), UInt8(records.count & 0xFF))
        return message + records.joined()
    }

    private func record(_ name: [UInt8] = [0xC0, 12], type: UInt8, _ content: [UInt8]) -> [UInt8] {
        name + [0, type, 0, 1, 0, 0, 0, 60, UInt8(content.count >> 8), UInt8(content.count & 0xFF)] + content
    }

    private func step(_ exchange: inout DNSExchange, _ bytes: [UInt8]) -> ProbeStep { exchange.received(bytes.span) }

    private func outcome(_ check: DNSCheck, _ message: [UInt8]) -> ProbeStep {
        var exchange = DNSExchange(check, id: 0x1234)
        return exchange.received(message.span)
    }

    @Test func queryIsWrittenAsTheRFCWantsIt() {
        let exchange = DNSExchange(DNSCheck(query: "www.example", type: .a), id: 0x1234)
        let message: [UInt8] = [
            0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3, 0x77, 0x77, 0x77, 7, 0x65, 0x78, 0x61, 0x6D, 0x70, 0x6C, 0x65, 0,
        ]
        #expect(exchange.opened() == .send(message + [0, 1, 0, 1]))
        #expect(DNSQuestion(id: 0, name: ".", type: 6).message.suffix(5) == [0, 0, 6, 0, 1])
    }

    @Test func recordIsFoundBehindOthers() {
        let records = [record(type: 5, [1, 0x61, 0xC0, 16]), record([1, 0x61, 0xC0, 16], type: 1, [192, 0, 2, 7])]
        let message = answer(records: records)
        #expect(outcome(DNSCheck(query: "www.example", type: .a, answer: "192.0.2.7"), message) == .done(.success("NOERROR, 192.0.2.7")))
        #expect(
            outcome(DNSCheck(query: "www.example", type: .a, answer: "192.0.2.8"), message)
                == .done(.failure("192.0.2.8 is not in the answer")))
        #expect(outcome(DNSCheck(query: "www.example", type: .a), message) == .done(.success("NOERROR")))
    }

    @Test(arguments: [
        (DNSCheck.RecordType.mx, [0, 10, 4, 0x6D, 0x61, 0x69, 0x6C, 0xC0, 12] as [UInt8], "10 mail.x"), (.ns, [0xC0, 12], "x"),
        (.txt, [2, 0x61, 0x62, 1, 0x63], "abc"), (.srv, [0, 1, 0, 2, 0, 80, 0xC0, 12], "1 2 80 x"),
        (.aaaa, [0x20, 1, 0xD, 0xB8] + [UInt8](repeating: 0, count: 11) + [1], "2001:db8::1"), (.cname, [1, 0x41, 0], "a"),
    ])
    func recordsReadAsZoneFilesWriteThem(type: DNSCheck.RecordType, content: [UInt8], text: String) {
        let question = DNSQuestion(id: 0x1234, name: "x", type: type.rawValue)
        let message = answer(records: [record(type: UInt8(type.rawValue), content)], to: question)
        #expect(outcome(DNSCheck(query: "x", type: type, answer: text), message) == .done(.success("NOERROR, \(text)")))
    }

    @Test func responseCodesAreNamed() {
        let refused = answer(flags: [0x81, 5], records: [])
        #expect(outcome(DNSCheck(query: "www.example", type: .a), refused) == .done(.failure("REFUSED")))
        #expect(outcome(DNSCheck(query: "www.example", type: .a, rcode: .refused), refused) == .done(.success("REFUSED")))
        let formErr = answer(flags: [0x81, 1], records: []).prefix(12).enumerated().map { $0.offset == 5 ? 0 : $0.element }
        #expect(outcome(DNSCheck(query: "www.example", type: .a), formErr) == .done(.failure("FORMERR")), "without the question")
    }

    @Test func answersToOthersAreNotOurs() {
        let check = DNSCheck(query: "www.example", type: .a)
        let good = answer(records: [])
        for index in [0, 1, 2, 5, 13, 20, 24, 25, 26, 27, 28] {
            var other = good
            other[index] ^= index == 2 ? 0x80 : 3
            #expect(outcome(check, other) == .wait, "byte \(index)")
        }
        var shouted = good
        shouted[13] = 0x57
        #expect(outcome(check, shouted) == .done(.success("NOERROR")), "names have no case")
        var exchange = DNSExchange(check, id: 1)
        for _ in 1..<DNSExchange.mostStrays { #expect(step(&exchange, good) == .wait) }
        #expect(step(&exchange, good) == .done(.failure("64 datagrams that are no answer to the query")))
    }

    @Test func loopsAndLiesAboutLengthsEnd() {
        let check = DNSCheck(query: "www.example", type: .cname, answer: "a.example")
        let question = DNSQuestion(id: 0x1234, name: "www.example", type: 5)
        let start = question.message.count + 12
        let itself = answer(records: [record(type: 5, [0xC0, UInt8(start)])], to: question)
        #expect(outcome(check, itself) == .done(.failure("a.example is not in the answer")), "a pointer to itself")
        let forward = answer(records: [record(type: 5, [0xC0, UInt8(start + 2), 0xC0, UInt8(start)])], to: question)
        #expect(outcome(check, forward) == .done(.failure("a.example is not in the answer")), "two that point at each other")
        var long = answer(records: [record(type: 5, [0xC0, 12])], to: question)
        long[long.count - 4] = 0xFF
        #expect(outcome(check, long) == .done(.failure("malformed answer")), "content beyond the message")
        var many = answer(records: [record(type: 1, [1, 2, 3, 4])], to: question)
        (many[6], many[7]) = (0xFF, 0xFF)
        #expect(outcome(check, many) == .done(.failure("malformed answer")), "more records than there are")
        var cut = many
        cut[2] |= 2
        #expect(outcome(check, cut) == .done(.failure("answer is cut off before a.example")), "and says so itself")
    }

    /// Whatever bytes come, reading ends without a trap.
    @Test func noBytesTrap() {
        var generator = SystemRandomNumberGenerator()
        let message = answer(records: [record(type: 5, [1, 0x61, 0xC0, 16]), record(type: 1, [192, 0, 2, 7])])
        for type in DNSCheck.RecordType.allCases {
            let question = DNSQuestion(id: 0x1234, name: "www.example", type: type.rawValue)
            for _ in 0..<2000 {
                var bytes = question.message + message.dropFirst(question.message.count)
                for index in bytes.indices.dropFirst(2) where Int.random(in: 0..<12, using: &generator) == 0 && !(12..<29).contains(index) {
                    bytes[index] = UInt8.random(in: 0...255, using: &generator)
                }
                bytes = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &generator)))
                guard !bytes.isEmpty else { continue }
                _ = outcome(DNSCheck(query: "www.example", type: type, answer: "x"), bytes)
            }
        }
    }

    @Test func messageOverTCPIsReadHoweverItIsCut() {
        let message = answer(records: [record(type: 1, [192, 0, 2, 7])])
        let stream = [UInt8(message.count >> 8), UInt8(message.count & 0xFF)] + message
        let check = DNSCheck(query: "www.example", type: .a, answer: "192.0.2.7", isOverTCP: true)
        var exchange = DNSExchange(check, id: 0x1234)
        for byte in stream.dropLast() { #expect(step(&exchange, [byte]) == .wait) }
        #expect(exchange.expired() == .silence("answer not complete"))
        #expect(step(&exchange, [stream[stream.count - 1]]) == .done(.success("NOERROR, 192.0.2.7")))
        var other = DNSExchange(check, id: 1)
        #expect(step(&other, stream) == .done(.failure("not an answer to the question")))
    }
}
