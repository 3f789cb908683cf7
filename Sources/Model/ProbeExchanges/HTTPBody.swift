/// The body of an answer, taken out of its framing.
struct HTTPBody {
    enum Framing: Equatable {
        /// Bytes still to come.
        case length(Int)
        case chunked(ChunkStage)
        case untilClosed
    }

    /// Where in the chunked coding the next byte stands (RFC 9112 § 7.1).
    enum ChunkStage: Equatable {
        case size, trailer, end
        case bytes(Int)
        /// The line end behind a chunk.
        case gap
    }

    var framing = Framing.untilClosed
    private(set) var count = 0
    private(set) var expectation: BodyExpectation
    private var line: [UInt8] = []

    init(_ expectation: BodyExpectation) { self.expectation = expectation }

    var isComplete: Bool { framing == .length(0) || framing == .chunked(.end) }
    var endsWithConnection: Bool { framing == .untilClosed }

    /// Takes bytes up to where the framing changes, `most` at most. Returns where to go on, and words if a byte breaks the framing.
    mutating func take(_ bytes: Span<UInt8>, from start: Int, most: Int) -> (end: Int, fault: String?) {
        let available = min(bytes.count - start, most)
        switch framing {
        case .untilClosed: return (keep(bytes, start, available), nil)
        case .length(let rest):
            let end = keep(bytes, start, min(available, rest))
            framing = .length(rest - (end - start))
            return (end, nil)
        case .chunked(.bytes(let rest)):
            let end = keep(bytes, start, min(available, rest))
            framing = .chunked(end - start == rest ? .gap : .bytes(rest - (end - start)))
            return (end, nil)
        case .chunked(let stage): return (start + 1, takeLine(bytes[start], at: stage))
        }
    }

    private mutating func keep(_ bytes: Span<UInt8>, _ start: Int, _ length: Int) -> Int {
        count += length
        if !expectation.isSettled {
            for index in start..<(start + length) { expectation.take(bytes[index]) }
        }
        return start + length
    }

    private mutating func takeLine(_ byte: UInt8, at stage: ChunkStage) -> String? {
        guard byte == UInt8(ascii: "\n") else {
            line.append(byte)
            return line.count > HTTPAnswer.longestLine ? "chunk line too long" : nil
        }
        defer { line.removeAll(keepingCapacity: true) }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        return endLine(at: stage)
    }

    private mutating func endLine(at stage: ChunkStage) -> String? {
        switch stage {
        case .size:
            let digits = HTTPHead.trimmed(line.prefix { $0 != UInt8(ascii: ";") })
            guard let size = HTTPHead.number(digits, radix: 16) else { return "malformed chunk size" }
            framing = .chunked(size == 0 ? .trailer : .bytes(size))
        case .gap:
            guard line.isEmpty else { return "malformed chunk" }
            framing = .chunked(.size)
        case .trailer: if line.isEmpty { framing = .chunked(.end) }
        case .bytes, .end: break
        }
        return nil
    }
}
