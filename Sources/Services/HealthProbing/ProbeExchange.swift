import FarmModel
import HealthPolicy

/// One probe's talk with its target over a connection, as a pure state machine: the loop does the input and output.
///
/// A new kind of probe is one file with one such type, and one line in `HealthCheck.Kind.exchange`.
protocol ProbeExchange {
    /// The connection is established.
    mutating func opened() -> ProbeStep
    /// Bytes have come; never empty.
    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep
    /// The peer has closed or reset; no more bytes will come.
    mutating func closed() -> ProbeOutcome
    /// What is to be said if nothing more comes until the deadline.
    func expired() -> ProbeOutcome
}

/// What a probe wants next of its connection.
enum ProbeStep: Equatable {
    case send([UInt8])
    case wait
    case done(ProbeOutcome)
}

/// How an exchange ended.
enum ProbeOutcome: Equatable {
    case success(String)
    /// The target itself said no.
    case failure(String)
    /// Nothing conclusive was heard: a failure, unless it was us who did not listen.
    case silence(String)
}

extension ProbeTarget {
    /// Nil when the kind is not probed.
    func exchange() -> (any ProbeExchange)? {
        switch check.kind {
        case .none: nil
        case .tcp: TCPExchange()
        case .http(let check): HTTPExchange(check: check, target: endpoint)
        }
    }
}
