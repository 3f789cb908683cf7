import CLinux
import Glibc
import Synchronization
import Threads

/// A network namespace of its own, removed at the end. Needs root.
public final class Namespace: Sendable {
    private static let made = Atomic(0)
    private static let newNetwork: Int32 = 0x4000_0000
    public let name: String

    /// Names begin as Scripts/test wants them, so that it finds what a killed run has left.
    public static let prefix = getenv("ZVNFT_LAB_PREFIX").map { String(cString: $0) } ?? "zvnft-test"

    public init() throws {
        guard geteuid() == 0 else { throw TestFault("these tests make network namespaces: run them as root") }
        name = "\(Self.prefix)-\(getpid())-\(Self.made.add(1, ordering: .relaxed).newValue)"
        try Shell.run("ip netns add \(name) && ip -n \(name) link set lo up")
    }

    deinit {
        do { try Shell.run("ip netns del \(name)") } catch { print("left behind: \(error)") }
    }

    /// Runs the body on a thread that is inside for all of its life: sockets and programs that it opens stay there.
    @discardableResult public func inside<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        try Self.run(in: name, body)
    }

    /// The same for a namespace that another has made.
    public static func run<Value: Sendable>(in name: String, _ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let result = Mutex<Result<Value, any Error>?>(nil)
        // A Swift task may go on in another thread, and so in another namespace.
        let thread = try DedicatedThread(named: "in \(name.suffix(12))") {
            let outcome = Result { () throws -> Value in
                try enter("/run/netns/\(name)")
                return try body()
            }
            result.withLock { $0 = outcome }
        }
        thread.join()
        guard let outcome = result.withLock({ $0 }) else { throw TestFault("the thread left no result") }
        return try outcome.get()
    }

    private static func enter(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, clinux_setns(descriptor, newNetwork) == 0 else { throw TestFault("cannot enter \(path): errno \(errno)") }
    }
}

/// Why a test could not do what it wanted to look at.
public struct TestFault: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
