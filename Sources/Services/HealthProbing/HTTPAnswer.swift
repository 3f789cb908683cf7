import FarmModel

/// An incremental, bounded reader of one HTTP/1 answer (RFC 9112); it does not matter how the bytes are cut.
struct HTTPAnswer {
    /// A line of the head or of the chunked coding.
    static let longestLine = 8192
    static let mostHeaders = 100
    /// What is read of a body.
    static let longestBody = 65_536
    /// With all heads, chunk sizes and trailers.
    static let longestAnswer = 262_144

    enum Stage: Equatable {
        case statusLine, headers, body, complete
        case malformed(String)
    }

    private(set) var stage = Stage.statusLine
    /// Of the final answer; interim ones (1xx) are passed over.
    private(set) var status: Int?
    private var head = HTTPHead()
    private var body: HTTPBody
    private var line: [UInt8] = []
    private var count = 0
    private let isForHead: Bool
    private var hasExcess = false
    private let degraded: HTTPHeader?
    /// The header by which the server says so was there.
    private(set) var isDegraded = false

    init(_ check: HTTPCheck) {
        isForHead = check.method == "HEAD"
        degraded = check.degradedHeader
        body = HTTPBody(BodyExpectation(check))
    }

    var isEmpty: Bool { count == 0 }
    var isPastHead: Bool { stage == .body || stage == .complete }

    var expectation: BodyExpectation { body.expectation }

    /// Whether the answer has ended where it said, and the server has not said that it will close (RFC 9112 § 9.3).
    var leavesConnectionUsable: Bool { stage == .complete && body.isComplete && head.keepsConnection && !hasExcess }

    /// Bytes after the end are ignored, but nothing can follow them.
    mutating func read(_ bytes: Span<UInt8>) {
        for index in bytes.indices {
            switch stage {
            case .statusLine, .headers: readHead(bytes[index])
            case .body: readBody(bytes[index])
            case .complete, .malformed:
                hasExcess = true
                return
            }
        }
    }

    /// The peer has closed: the end of a body that has no other.
    mutating func close() {
        if stage == .body, body.endsWithConnection { stage = .complete }
    }

    private mutating func readBody(_ byte: UInt8) {
        count += 1
        if let fault = body.take(byte) {
            stage = .malformed(fault)
        } else if body.isComplete || body.count >= Self.longestBody || count >= Self.longestAnswer {
            stage = .complete
        }
    }

    private mutating func readHead(_ byte: UInt8) {
        count += 1
        guard byte == UInt8(ascii: "\n") else {
            line.append(byte)
            return checkLine()
        }
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if stage == .statusLine { readStatusLine() } else { readHeader() }
        line.removeAll(keepingCapacity: true)
    }

    /// Says as early as possible that this is not HTTP.
    private mutating func checkLine() {
        if stage == .statusLine, line.count <= HTTPHead.prefix.count, !HTTPHead.prefix.starts(with: line) {
            stage = .malformed("not an HTTP/1 answer")
        } else if line.count > Self.longestLine || count > Self.longestAnswer {
            stage = .malformed("header line too long")
        }
    }

    private mutating func readStatusLine() {
        guard let code = HTTPHead.status(in: line) else {
            stage = .malformed("not an HTTP/1 answer")
            return
        }
        head = HTTPHead(isOfVersion10: line[7] == UInt8(ascii: "0"))
        // 101 ends the talk in HTTP and so is final, unlike the other interim codes (RFC 9110 § 15.2.2).
        head.isInterim = code < 200 && code != 101
        if !head.isInterim { status = code }
        stage = .headers
    }

    private mutating func readHeader() {
        guard line.isEmpty else {
            if let fault = head.take(line) { stage = .malformed(fault) }
            if let degraded, !head.isInterim, HTTPHead.line(line, says: degraded) { isDegraded = true }
            return
        }
        guard !head.isInterim else {
            stage = .statusLine
            return
        }
        body.framing = head.framing(status: status, isForHead: isForHead)
        stage = body.isComplete ? .complete : .body
    }
}
