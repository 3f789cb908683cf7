import ControlAPI
import Glibc
import NIOCore

/// `struct ucred` of socket(7): who opened the other end, as the kernel saw it at `connect`.
struct PeerCredentials: Sendable {
    let process: Int32
    let user: UInt32
    let group: UInt32

    /// Nil on what is not a Unix socket.
    static func of(_ channel: any Channel) async -> PeerCredentials? {
        guard let socket = channel as? any SocketOptionProvider else { return nil }
        let credentials: EventLoopFuture<PeerCredentials> = socket.unsafeGetSocketOption(
            level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
        )
        return try? await credentials.get()
    }

    var caller: Caller {
        Caller(name: "lbctl:" + (userName(of: user) ?? "uid-\(user)"))
    }
}
