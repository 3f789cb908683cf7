import CLinux
import FarmModel

#if canImport(Glibc)
    import Glibc
#endif

/// A child that probes: its process, and the descriptor that tells of its end. Owned by `ProbeEngine`.
final class RunningProgram {
    /// Bytes of output; who writes more is stopped.
    static let mostOutput = 1 << 20
    static let keptOutput = 4096

    /// Whose place it has.
    let check: ExecCheck
    let process: pid_t
    /// Readable when the process has ended.
    let descriptor: Int32
    /// The first bytes of what it said.
    private(set) var output: [UInt8] = []
    private var count = 0

    private init(check: ExecCheck, process: pid_t, descriptor: Int32) {
        (self.check, self.process, self.descriptor) = (check, process, descriptor)
    }

    deinit { close(descriptor) }

    var saysTooMuch: Bool { count > Self.mostOutput }

    /// Starts it. The program and the descriptor of its output, or the errno.
    static func start(_ command: [String], of check: ExecCheck, environment: [String], as user: LocalUser) -> Result<
        (RunningProgram, output: Int32), ConnectFault
    > {
        var (ends, descriptor) = ([Int32](repeating: -1, count: 2), Int32(-1))
        let fault = clinux_pipe(&ends)
        guard fault == 0 else { return .failure(ConnectFault(errno: -fault)) }
        let process = withStrings(command) { arguments in
            withStrings(environment) { environment in
                var program = clinux_program(
                    path: arguments[0], arguments: arguments, environment: environment, user: user.id, group: user.group, output: ends[1])
                return clinux_run(&program, &descriptor)
            }
        }
        close(ends[1])
        guard process > 0 else {
            close(ends[0])
            return .failure(ConnectFault(errno: -process))
        }
        return .success((RunningProgram(check: check, process: process, descriptor: descriptor), ends[0]))
    }

    private static func withStrings<Result>(_ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result) -> Result
    {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return (copies + [nil]).withUnsafeBufferPointer { buffer in
            guard let start = buffer.baseAddress else { preconditionFailure("an array that holds something has a place") }
            return body(start)
        }
    }

    /// Reads what is there; bounded by `mostOutput`.
    func read(from descriptor: Int32, into buffer: inout [UInt8]) {
        while !saysTooMuch {
            let length = Glibc.read(descriptor, &buffer, buffer.count)
            if length < 0 && errno == EINTR { continue }
            guard length > 0 else { return }
            count += length
            output += buffer.prefix(min(length, Self.keptOutput - output.count))
        }
    }

    /// How it ended; nil while it runs.
    var end: ProgramEnd? {
        var code: Int32 = 0
        guard clinux_peek_end(descriptor, &code) == 1 else { return nil }
        return code < 0 ? .signal(Int(-code)) : .code(Int(code))
    }

    /// Ends it and all that it has started. The process is not reaped yet, so nobody else has its number.
    func kill() { _ = Glibc.kill(-process, SIGKILL) }

    func reap() { _ = clinux_reap(descriptor) }
}

/// How a program ended.
enum ProgramEnd: Equatable {
    case code(Int)
    case signal(Int)
}
