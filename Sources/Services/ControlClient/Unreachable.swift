import Glibc
import NIOCore

/// No answer from the daemon.
public struct Unreachable: Error, Sendable, Equatable, CustomStringConvertible {
    public let socketPath: String
    /// What happened, and what to do about it where that is known.
    public let reason: String

    /// It said nothing for the whole time that it was given, or leaves connections lying that the kernel takes for it.
    public let isSilence: Bool

    public init(socketPath: String, reason: String, isSilence: Bool = false) {
        (self.socketPath, self.reason, self.isSilence) = (socketPath, reason, isSilence)
    }

    public var description: String { "zvnftd at \(socketPath) \(reason)" }

    init(socketPath: String, connecting error: any Error) {
        let isFull = (error as? IOError)?.errnoCode == EAGAIN
        self.init(socketPath: socketPath, reason: Self.reason(of: error), isSilence: isFull)
    }

    private static func reason(of error: any Error) -> String {
        guard let fault = error as? IOError else { return "cannot be reached: \(error)" }
        return switch fault.errnoCode {
        case ENOENT: "has no socket there: is zvnftd running, and with this --socket?"
        case ECONNREFUSED: "does not listen: it has stopped"
        case EAGAIN: "takes no further connections: it hangs or is stopped; see `systemctl status zvnftd` and its log"
        case EACCES: "may not be reached by this user: be root or in the group zvnft"
        default: "cannot be reached: \(fault)"
        }
    }
}
