import Glibc
import NIOCore

/// No answer from the daemon.
public struct Unreachable: Error, Sendable, Equatable, CustomStringConvertible {
    public let socketPath: String
    /// What happened, and what to do about it where that is known.
    public let reason: String

    public init(socketPath: String, reason: String) { (self.socketPath, self.reason) = (socketPath, reason) }

    public var description: String { "the daemon at \(socketPath) \(reason)" }

    init(socketPath: String, connecting error: any Error) {
        self.init(socketPath: socketPath, reason: Self.reason(of: error))
    }

    private static func reason(of error: any Error) -> String {
        guard let fault = error as? IOError else { return "cannot be reached: \(error)" }
        return switch fault.errnoCode {
        case ENOENT: "has no socket there: is zvnftd running, and with this --socket?"
        case ECONNREFUSED: "does not listen: zvnftd has stopped"
        case EACCES: "may not be reached by this user: be root or in the group zvnft"
        default: "cannot be reached: \(fault)"
        }
    }
}
