import Glibc
import Synchronization
import TestNamespaces
import Testing

/// The kernel's log from now on, of lines with a mark of our own.
final class KernelLog {
    private static let made = Atomic(0)
    let mark: String
    private let descriptor: Int32

    init() throws {
        mark = "zvnft-\(getpid())-\(Self.made.add(1, ordering: .relaxed).newValue)"
        descriptor = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0, lseek(descriptor, 0, Int32(SEEK_END)) >= 0 else { throw TestFault("no kernel log: errno \(errno)") }
    }

    deinit { close(descriptor) }

    /// Those that have come since the last call.
    func lines() throws -> [String] {
        var (lines, buffer): ([String], [UInt8]) = ([], [UInt8](repeating: 0, count: 8192))
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EPIPE { continue }
            guard count > 0 else { return lines }
            let line = String(decoding: buffer[..<count], as: UTF8.self)
            if line.contains(mark) { lines.append(line) }
        }
    }
}

/// Lets namespaces log, too: the kernel keeps that to the host unless told otherwise.
struct LoggingNamespaces: SuiteTrait, TestScoping {
    private static let setting = "/proc/sys/net/netfilter/nf_log_all_netns"

    func provideScope(for test: Test, testCase: Test.Case?, performing body: @Sendable () async throws -> Void) async throws {
        let before = try Shell.run("cat \(Self.setting)")
        try Shell.run("echo 1 > \(Self.setting)")
        defer {
            do { try Shell.run("echo \(before) > \(Self.setting)") } catch { print("left behind: \(error)") }
        }
        try await body()
    }
}

extension Trait where Self == LoggingNamespaces {
    static var loggingNamespaces: LoggingNamespaces { LoggingNamespaces() }
}
