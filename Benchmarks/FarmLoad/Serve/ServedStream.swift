import CLinux
import Glibc

/// An accepted connection: what it has asked and not yet been answered.
struct ServedStream {
    enum Kind { case http, echo }
    enum State { case open, finished }

    /// A client that sends more without an end of line or head is cut off.
    private static let longestRequest = 16_384
    private static let headEnd = Array("\r\n\r\n".utf8)
    private static let lineEnd = Array("\n".utf8)

    let descriptor: Int32
    let kind: Kind
    let name: String
    private var pending: [UInt8] = []

    init(descriptor: Int32, kind: Kind, name: String) {
        self.descriptor = descriptor
        self.kind = kind
        self.name = name
    }

    /// Reads what there is and answers each complete request.
    mutating func answerAll() -> State {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { return count < 0 && (errno == EAGAIN || errno == EINTR) ? .open : .finished }
            pending.append(contentsOf: buffer.prefix(count))
            guard pending.count <= Self.longestRequest, answerPending() else { return .finished }
        }
    }

    private mutating func answerPending() -> Bool {
        while let request = takeRequest() {
            let answer = kind == .http ? httpAnswer(to: request) : Array("\(name) ".utf8) + request
            guard send(descriptor, answer, answer.count, Int32(MSG_NOSIGNAL)) == answer.count else { return false }
        }
        return true
    }

    private mutating func takeRequest() -> [UInt8]? {
        let ending = kind == .http ? Self.headEnd : Self.lineEnd
        guard let end = pending.end(of: ending) else { return nil }
        defer { pending.removeSubrange(..<end) }
        return Array(pending[..<end])
    }

    private func httpAnswer(to request: [UInt8]) -> [UInt8] {
        let isProbe = request.starts(with: "GET /healthz ".utf8)
        let body = isProbe ? "ok\n" : "\(name)\n"
        let head = ["HTTP/1.1 200 OK", "Content-Type: text/plain", "Content-Length: \(body.utf8.count)", "X-Backend: \(name)"]
        return Array((head.joined(separator: "\r\n") + "\r\n\r\n" + body).utf8)
    }
}
