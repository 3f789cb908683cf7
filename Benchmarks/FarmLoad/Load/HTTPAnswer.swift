/// The little of an HTTP/1.1 response that tells which backend gave it.
struct HTTPAnswer {
    private static let headEnd = Array("\r\n\r\n".utf8)
    private static let lineEnd = Array("\r\n".utf8)
    private static let lengthField = Array("content-length:".utf8)
    private static let backendField = Array("x-backend:".utf8)

    let isSuccess: Bool
    let isComplete: Bool
    let backend: String

    /// nil while the head is incomplete. A response without Content-Length counts as complete and unsuccessful.
    init?(_ received: [UInt8]) {
        guard let bodyStart = received.end(of: Self.headEnd) else { return nil }
        let head = received[..<bodyStart].map { (65...90).contains($0) ? $0 + 32 : $0 }
        let length = Self.value(of: Self.lengthField, in: head, spelt: received).flatMap { Int($0) }
        isSuccess = length != nil && received.starts(with: "HTTP/1.1 2".utf8)
        isComplete = received.count - bodyStart >= length ?? 0
        backend = Self.value(of: Self.backendField, in: head, spelt: received) ?? Self.firstWord(of: received[bodyStart...])
    }

    private static func value(of field: [UInt8], in head: [UInt8], spelt received: [UInt8]) -> String? {
        guard let start = head.end(of: lineEnd + field), let end = head.end(of: lineEnd, from: start) else { return nil }
        return String(decoding: received[start..<(end - lineEnd.count)].drop { $0 == UInt8(ascii: " ") }, as: UTF8.self)
    }

    private static func firstWord(of body: ArraySlice<UInt8>) -> String {
        String(decoding: body.prefix { $0 > UInt8(ascii: " ") }, as: UTF8.self)
    }
}
