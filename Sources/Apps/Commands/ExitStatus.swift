import ControlAPI
import ControlClient

/// The exit codes that scripts may rely on.
public enum ExitStatus: Int32, Sendable {
    case ok = 0
    case failed = 1
    case usage = 2
    case notFound = 3
    case conflict = 4
    case unreachable = 5
    case degraded = 6

    /// Nil for errors of the argument parser.
    init?(of error: any Error) {
        switch error {
        case let problem as Problem: self = ExitStatus(ofProblem: problem.status)
        case is Unreachable: self = .unreachable
        case is NotSupportedYet: self = .usage
        case let failure as CommandFailure: self = failure.status
        default: return nil
        }
    }

    private init(ofProblem status: Int) {
        switch status {
        case 400: self = .usage
        case 404: self = .notFound
        case 409, 412: self = .conflict
        default: self = .failed
        }
    }
}

/// A command could not do what it was asked for, for a reason of its own.
struct CommandFailure: Error, CustomStringConvertible {
    let status: ExitStatus
    let description: String

    init(_ status: ExitStatus, _ description: String) { (self.status, self.description) = (status, description) }
}

/// What the interface names and this version lacks.
struct NotSupportedYet: Error, CustomStringConvertible {
    let what: String
    var description: String { "not supported yet: \(what)" }
}
