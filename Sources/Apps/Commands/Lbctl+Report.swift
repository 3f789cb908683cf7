import ArgumentParser
import ControlAPI
import ControlClient

extension Lbctl {
    /// Says what went wrong, once, and returns the exit code for it. `hint`: what helps when the command line was not understood.
    static func report(_ error: any Error, hint: String? = nil) -> Int32 {
        switch error {
        case let exit as ExitCode: return exit.rawValue
        case let failure as PlanFailure: return max(report(failure.cause), ExitStatus.usage.rawValue)
        default: break
        }
        if let status = ExitStatus(of: error) {
            Console.current.complain(ErrorText.of(error, isColoured: Console.current.isErrorColoured))
            return status.rawValue
        }
        return reportParsing(error, hint)
    }

    /// Help and version are errors to the parser; its faults of usage would leave with 64.
    private static func reportParsing(_ error: any Error, _ hint: String?) -> Int32 {
        let text = fullMessage(for: error) + "\n"
        let complaint = text.hasPrefix("Error:") ? "error:" + text.dropFirst("Error:".count) : text
        switch exitCode(for: error) {
        case .success:
            Console.current.write(text)
            return ExitStatus.ok.rawValue
        case .validationFailure:
            Console.current.complain(complaint + (hint.map { $0 + "\n" } ?? ""))
            return ExitStatus.usage.rawValue
        default:
            Console.current.complain(complaint)
            return ExitStatus.failed.rawValue
        }
    }
}

/// What a person reads of an error.
enum ErrorText {
    static func of(_ error: any Error, isColoured: Bool) -> String {
        let label = Tint.red.applied(to: "error:", if: isColoured)
        guard let problem = error as? Problem else { return "\(label) \(Printable.text("\(error)"))\n" }
        let faults = (problem.faults ?? []).map { Printable.lines($0) + "\n\n" }.joined()
        return faults + "\(label) \(words(of: problem))\n"
    }

    /// Where the request is at fault, or names what is not there, the title only says again what kind of answer HTTP has for it.
    private static func words(of problem: Problem) -> String {
        let detail = Printable.lines(problem.detail)
        return [400, 404].contains(problem.status) && !detail.isEmpty ? detail : "\(Printable.text(problem.title)): \(detail)"
    }
}
