/// What a client says and what it takes for an answer. An answer names the backend that gave it.
enum Exchange: Equatable {
    case http(path: String)
    case tcpEcho
    case udpEcho

    enum Answer: Equatable {
        case incomplete
        case complete(backend: String)
        case bad
    }

    var name: String {
        switch self {
        case .http(let path): "http \(path)"
        case .tcpEcho: "tcp echo"
        case .udpEcho: "udp echo"
        }
    }

    var isDatagram: Bool { self == .udpEcho }

    func request(_ words: String, to target: Endpoint) -> [UInt8] {
        switch self {
        case .http(let path): Array("GET \(path) HTTP/1.1\r\nHost: \(target)\r\nUser-Agent: farmload\r\n\r\n".utf8)
        case .tcpEcho, .udpEcho: Array("\(words)\n".utf8)
        }
    }

    /// Judges what has been received so far in reply to `request`.
    func answer(in received: [UInt8], to request: [UInt8]) -> Answer {
        switch self {
        case .http: Self.httpAnswer(in: received)
        case .tcpEcho, .udpEcho: Self.echoAnswer(in: received, to: request)
        }
    }

    /// An echo is the backend's name, a space and the line; a server that adds no name is `?`.
    private static func echoAnswer(in received: [UInt8], to request: [UInt8]) -> Answer {
        guard received.last == UInt8(ascii: "\n") else { return .incomplete }
        if received == request { return .complete(backend: "?") }
        let name = received.dropLast(request.count)
        guard received.suffix(request.count).elementsEqual(request), name.last == UInt8(ascii: " ") else { return .bad }
        return .complete(backend: String(decoding: name.dropLast(), as: UTF8.self))
    }

    private static func httpAnswer(in received: [UInt8]) -> Answer {
        guard let answer = HTTPAnswer(received) else { return .incomplete }
        guard answer.isSuccess else { return .bad }
        return answer.isComplete ? .complete(backend: answer.backend) : .incomplete
    }
}
