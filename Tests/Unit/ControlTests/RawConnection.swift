import Glibc

/// Bytes on the socket, for what the client would never send.
final class RawConnection: Sendable {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let outcome = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        guard outcome == 0 else { throw Refused(errno: errno) }
    }

    deinit { close(descriptor) }

    struct Refused: Error { let errno: Int32 }

    func send(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Everything until the server closes; nil when it does not within 10 s.
    func readToEnd() async throws -> String? {
        let deadline = ContinuousClock.now + .seconds(10)
        var (text, piece) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
        while ContinuousClock.now < deadline {
            let count = recv(descriptor, &piece, piece.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                text += piece[..<count]
            } else if count == 0 || errno == ECONNRESET {
                return String(decoding: text, as: UTF8.self)
            } else {
                // Blocking would take a thread of the pool that the server runs on.
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        return nil
    }

    /// One request on a connection of its own.
    static func answer(_ path: String, _ request: String) async throws -> String? {
        let connection = try RawConnection(path: path)
        connection.send(request)
        return try await connection.readToEnd()
    }
}
