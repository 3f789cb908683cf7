import FarmModel

/// An incremental, bounded reader of one HTTP/1 answer (RFC 9112); it does not matter how the bytes are cut.
struct HTTPAnswer {
    /// A line of the head or of the chunked coding.
    static let longestLine = 8192
    private static let usualLine = 96
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
    let check: HTTPCheck
    private var hasExcess = false
    /// The header by which the server says so was there.
    private(set) var isDegraded = false

    init(_ check: HTTPCheck) {
        self.check = check
        body = HTTPBody(BodyExpectation(check))
        line.reserveCapacity(Self.usualLine)
    }

    var isEmpty: Bool { count == 0 }
    func isExpected(_ status: Int) -> Bool { check.expectStatus.contains { $0.contains(status) } }
    var isPastHead: Bool { stage == .body || stage == .complete }

    var expectation: BodyExpectation { body.expectation }

    /// Whether the answer has ended where it said, and the server has not said that it will close (RFC 9112 § 9.3).
    var leavesConnectionUsable: Bool { stage == .complete && body.isComplete && head.keepsConnection && !hasExcess }

    /// Bytes after the end are ignored, but nothing can follow them.
    mutating func read(_ bytes: Span<UInt8>) {
        var index = 0
        while index < bytes.count {
            switch stage {
            case .statusLine: index = readLine(bytes, from: index, isStatus: true)
            case .headers: index = readLine(bytes, from: index, isStatus: false)
            case .body: index = readBody(bytes, from: index)
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

    /// Returns where to go on.
    private mutating func readBody(_ bytes: Span<UInt8>, from start: Int) -> Int {
        let most = min(Self.longestBody - body.count, Self.longestAnswer - count)
        let (end, fault) = body.take(bytes, from: start, most: most)
        count += end - start
        if let fault {
            stage = .malformed(fault)
        } else if body.isComplete || body.count >= Self.longestBody || count >= Self.longestAnswer {
            stage = .complete
        }
        return end
    }

    /// Up to the end of a line, or of what has come. Returns where to go on.
    private mutating func readLine(_ bytes: Span<UInt8>, from start: Int, isStatus: Bool) -> Int {
        let most = min(bytes.count, start + Self.longestLine - line.count + 1)
        var end = start
        while end < most, bytes[end] != UInt8(ascii: "\n") { end += 1 }
        bytes.extracting(start..<end).withUnsafeBufferPointer { line.append(contentsOf: $0) }
        count += end - start
        // As early as possible: what is not HTTP need not be waited for.
        if isStatus, !HTTPHead.mayBegin(line) {
            stage = .malformed("not an HTTP/1 answer")
            return end
        }
        // The line feed counts, too: what is left for a body is never less than nothing.
        guard line.count <= Self.longestLine, count < Self.longestAnswer else {
            stage = .malformed(line.count > Self.longestLine ? "header line too long" : "answer too long")
            return end
        }
        guard end < bytes.count else { return end }
        count += 1
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        if isStatus { readStatusLine() } else { readHeader() }
        line.removeAll(keepingCapacity: true)
        return end + 1
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
            if let degraded = check.degradedHeader, !head.isInterim, HTTPHead.line(line, says: degraded) { isDegraded = true }
            return
        }
        guard !head.isInterim else {
            stage = .statusLine
            return
        }
        body.framing = head.framing(status: status, isForHead: check.method == "HEAD")
        stage = body.isComplete ? .complete : .body
    }
}
