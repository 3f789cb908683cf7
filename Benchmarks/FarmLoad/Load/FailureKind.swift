import CLinux
import Glibc

/// How a connection failed, as its client saw it.
enum FailureKind: String, Codable, CaseIterable {
    /// The SYN was answered with a reset, the datagram with port unreachable.
    case refused
    /// An established connection was reset.
    case reset
    /// No complete answer in time.
    case timeout
    /// The connection was closed before the answer was complete.
    case shortAnswer
    /// A complete answer that is not the one asked for.
    case badAnswer
    /// Host, network or address unreachable.
    case unreachable
    case other

    init(code: Int32) {
        switch code {
        case ECONNREFUSED: self = .refused
        case ECONNRESET, EPIPE: self = .reset
        case ETIMEDOUT: self = .timeout
        case EHOSTUNREACH, ENETUNREACH, EHOSTDOWN, ENETDOWN, EACCES, EPERM: self = .unreachable
        default: self = .other
        }
    }

    /// Lack of ports or descriptors at the client says nothing about the balancer and is counted apart.
    static func isLocal(_ code: Int32) -> Bool { [EADDRINUSE, EADDRNOTAVAIL, EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(code) }
}

/// One failed connection on the machine's time line.
struct Failure: Codable {
    let kind: FailureKind
    let startedNs: Monotonic
    let failedNs: Monotonic
    var client: String?
}
