import CLinux
import FarmModel
import HealthPolicy
import ProbeExchanges

#if canImport(Glibc)
    import Glibc
#endif

/// What a program's end and output say.
enum ProgramAnswer {
    /// Characters.
    static let longestReason = 160

    static func outcome(_ end: ProgramEnd, output: [UInt8], convention: ExecCheck.Convention) -> ProbeOutcome {
        if let trouble = trouble(in: output) { return trouble }
        let line = firstLine(of: output)
        switch end {
        case .signal(let number): return .failure("command was killed by signal \(number)")
        case .code(let code):
            let words = line.isEmpty ? "exit code \(code)" : line
            return convention == .nagios ? nagios(code, words) : keepalived(code, words)
        }
    }

    private static func nagios(_ code: Int, _ words: String) -> ProbeOutcome {
        switch code {
        case 0: .success(words)
        case 1: .success(words, advice: ProbeAdvice(isDegraded: true))
        case 2: .failure(words)
        default: .unknown(words)
        }
    }

    private static func keepalived(_ code: Int, _ words: String) -> ProbeOutcome {
        switch code {
        case 0: .success(words)
        case 1: .failure(words)
        default: .success(words, advice: ProbeAdvice(weight: .absolute(code - 2)))
        }
    }

    /// What the child reports when it could not become the program: the command may be at fault, but the way there is ours.
    private static func trouble(in output: [UInt8]) -> ProbeOutcome? {
        guard output.count == 3, output[0] == CLINUX_PROGRAM_FAILED else { return nil }
        let errno = Int32(output[2])
        let words = systemWords(errno)
        switch Int(output[1]) {
        case CLINUX_STEP_USER: return .unknown("command cannot run as its user: \(words)")
        case CLINUX_STEP_EXEC where ![EAGAIN, ENOMEM, EMFILE, ENFILE].contains(errno): return .failure("command cannot be run: \(words)")
        default: return .unknown("command cannot be started: \(words)")
        }
    }

    /// Without control characters, and without what nagios plug-ins write for programs behind a bar.
    static func firstLine(of output: [UInt8]) -> String {
        let line = output.prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "|") }
        let text = String(decoding: line, as: UTF8.self).unicodeScalars.filter { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) }
        let words = String(String.UnicodeScalarView(text.prefix(longestReason)))
        return String(words.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}

/// Says nothing and hears nothing: what a probe by a program has in the place of a talk.
struct ProgramExchange: ProbeExchange {
    func opened() -> ProbeStep { .wait }
    func received(_ bytes: Span<UInt8>) -> ProbeStep { .wait }
    func closed() -> ProbeOutcome { .silence("closed") }
    func expired() -> ProbeOutcome { .silence("command did not end") }
}
