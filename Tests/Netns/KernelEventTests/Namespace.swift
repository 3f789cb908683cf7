import CLinux
import Glibc
import Synchronization
import Threads

@testable import KernelEvents

/// A network namespace of its own, removed at the end. Needs root.
final class Namespace: Sendable {
    private static let made = Atomic(0)
    let name: String

    init() throws {
        guard geteuid() == 0 else { throw TestFault("these tests make network namespaces: run them as root") }
        name = "zk-evt-\(getpid())-\(Self.made.add(1, ordering: .relaxed).newValue)"
        try Program.run(["ip", "netns", "add", name])
        try run("ip link set lo up")
    }

    deinit {
        do { try Program.run(["ip", "netns", "del", name]) } catch { print("left behind: \(error)") }
    }

    private var path: String { "/run/netns/\(name)" }

    /// Runs a program inside; words are separated by spaces.
    @discardableResult
    func run(_ command: String, input: String = "") throws -> String {
        try Program.run(["nsenter", "--net=\(path)"] + command.split(separator: " ").map(String.init), input: input)
    }

    /// Runs the body on a thread that is inside: sockets that it opens stay there.
    func inside<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let result = Mutex<Result<Value, any Error>?>(nil)
        let thread = try DedicatedThread(named: "in namespace") { [path] in
            let outcome = Result { () throws -> Value in
                try Self.enter(path)
                return try body()
            }
            result.withLock { $0 = outcome }
        }
        thread.join()
        guard let outcome = result.withLock({ $0 }) else { throw TestFault("no thread") }
        return try outcome.get()
    }

    private static func enter(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, clinux_setns(descriptor, 0x4000_0000) == 0 else { throw TestFault("cannot enter \(path): errno \(errno)") }
    }
}

struct TestFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
