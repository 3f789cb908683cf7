import Commands
import Synchronization

/// What a command line wrote and left with.
struct LbctlRun: Sendable {
    let code: Int32
    let output: String
    let errors: String

    static func of(_ arguments: String..., on server: RunningServer? = nil) async -> LbctlRun {
        await of(arguments, on: server)
    }

    static func of(_ arguments: [String], on server: RunningServer? = nil) async -> LbctlRun {
        let (output, errors) = (Collected(), Collected())
        let console = Console(write: { output.append($0) }, complain: { errors.append($0) })
        let code = await Lbctl.run((server.map { ["--socket", $0.path] } ?? []) + arguments, on: console)
        return LbctlRun(code: code, output: output.text, errors: errors.text)
    }
}

private final class Collected: Sendable {
    private let pieces = Mutex("")
    var text: String { pieces.withLock { $0 } }
    func append(_ piece: String) { pieces.withLock { $0 += piece } }
}
