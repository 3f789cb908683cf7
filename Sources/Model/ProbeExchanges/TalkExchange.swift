import FarmModel

/// Bytes are sent, and bytes are looked for in what comes back. Without some to look for, any answer will do.
struct TalkExchange: ProbeExchange {
    static let longestAnswer = 65_536

    private let send: [UInt8]
    private var search: ByteSearch
    private var count = 0

    init(_ check: SendExpect) {
        send = check.send
        search = ByteSearch(check.expect)
    }

    func opened() -> ProbeStep { send.isEmpty ? .wait : .send(send) }

    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep {
        for index in bytes.indices where count < Self.longestAnswer {
            count += 1
            search.take(bytes[index])
        }
        if search.isFound { return .done(.success("answered as expected")) }
        return count == Self.longestAnswer ? .done(.failure("expected answer is not in the first 64 KiB")) : .wait
    }

    func closed() -> ProbeOutcome {
        count == 0 ? .silence("closed without an answer") : .failure("answered otherwise, and closed")
    }

    func expired() -> ProbeOutcome { .silence(count == 0 ? "no answer" : "expected answer did not come") }
}
