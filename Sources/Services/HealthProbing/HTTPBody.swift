/// The body of an answer, taken out of its framing byte by byte.
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

    /// Returns words if the byte breaks the framing.
    mutating func take(_ byte: UInt8) -> String? {
        switch framing {
        case .untilClosed: keep(byte)
        case .length(let rest):
            keep(byte)
            framing = .length(rest - 1)
        case .chunked(.bytes(let rest)):
            keep(byte)
            framing = .chunked(rest == 1 ? .gap : .bytes(rest - 1))
        case .chunked(let stage): return takeLine(byte, at: stage)
        }
        return nil
    }

    private mutating func keep(_ byte: UInt8) {
        count += 1
        expectation.take(byte)
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
