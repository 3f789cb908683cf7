import Glibc
import Synchronization

/// A descriptor that lines are written to, and that must not hold up who writes: a reader that has stopped reading would otherwise stop
/// verdicts on their way to the kernel. What finds no room is lost, counted, and said when there is room again.
final class LogOutput: Sendable {
    static let standardError = LogOutput(STDERR_FILENO)

    /// What a pipe takes without waiting once it says that it is writable (pipe(7), PIPE_BUF).
    private static let piece = 4096
    /// Milliseconds. A reader that is merely slow is waited for, one that has been found not to read is not.
    private static let patience: Int32 = 50

    private let descriptor: Int32
    /// Lines lost since the last that was written; also keeps lines of several threads apart.
    private let lost = Mutex(0)

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func write(_ line: String) {
        lost.withLock { lost in
            if lost > 0 {
                guard put("warning: \(lost) log lines were lost, nobody read them\n", patience: 0) else {
                    lost += 1
                    return
                }
            }
            lost = put(line, patience: Self.patience) ? 0 : 1
        }
    }

    /// False when it did not go out whole.
    private func put(_ text: String, patience: Int32) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            guard isWritable(within: patience) else { return false }
            let count = rest.prefix(Self.piece).withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // A closed pipe or a full disk: nobody is there to be told.
            guard count > 0 else { return true }
            rest = rest.dropFirst(count)
        }
        return true
    }

    private func isWritable(within milliseconds: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&entry, 1, milliseconds) != 0
    }
}
