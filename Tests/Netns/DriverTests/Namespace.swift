import CLinux
import Glibc
import Synchronization

/// A network namespace of its own, removed at the end. Needs root.
final class Namespace: Sendable {
    private static let made = Atomic(0)
    private static let newNetwork: Int32 = 0x4000_0000
    let name: String

    init() throws {
        guard geteuid() == 0 else { throw TestFault("these tests make network namespaces: run them as root") }
        name = "zk-drv-\(getpid())-\(Self.made.add(1, ordering: .relaxed).newValue)"
        try Shell.run("ip netns add \(name) && ip -n \(name) link set lo up")
    }

    deinit {
        do { try Shell.run("ip netns del \(name)") } catch { print("left behind: \(error)") }
    }

    /// Runs the body on a thread that is inside for all of its life: sockets and programs that it opens stay there.
    func inside<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let result = Mutex<Result<Value, any Error>?>(nil)
        let path = "/run/netns/\(name)"
        let work = Work {
            let outcome = Result { () throws -> Value in
                try Self.enter(path)
                return try body()
            }
            result.withLock { $0 = outcome }
        }
        try work.runOnThread()
        guard let outcome = result.withLock({ $0 }) else { throw TestFault("the thread left no result") }
        return try outcome.get()
    }

    private static func enter(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, clinux_setns(descriptor, newNetwork) == 0 else { throw TestFault("cannot enter \(path): errno \(errno)") }
    }
}

/// A thread of its own: a Swift task may go on in another thread, and so in another namespace.
private final class Work {
    private let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }

    func runOnThread() throws {
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                Unmanaged<Work>.fromOpaque(argument).takeUnretainedValue().body()
                return nil
            }, Unmanaged.passUnretained(self).toOpaque())
        guard code == 0 else { throw TestFault("no thread: errno \(code)") }
        pthread_join(thread, nil)
    }
}

struct TestFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

enum Shell {
    /// Runs a command in the namespace of the calling thread; returns what it printed, throws when it fails.
    @discardableResult
    static func run(_ command: String) throws -> String {
        let (output, status) = try attempt(command)
        guard status == 0 else { throw TestFault("\(command): status \(status): \(output)") }
        return output
    }

    static func attempt(_ command: String) throws -> (output: String, status: Int32) {
        guard let pipe = popen("{ \(command); } 2>&1", "r") else { throw TestFault("cannot run \(command)") }
        var (output, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 65536))
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            guard count > 0 else { break }
            output += buffer[..<count]
        }
        return (String(decoding: output, as: UTF8.self), pclose(pipe))
    }

    /// What `nft` lists, without the line of table flags, which no nft of this version loads back.
    static func listing() throws -> String {
        try run("nft list ruleset").split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("\tflags") && !$0.hasPrefix("# Warning: table") }.joined(separator: "\n")
    }

    /// Loads nft text.
    static func load(_ text: String) throws {
        let path = "/tmp/zk-drv-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).nft"
        guard let file = fopen(path, "w") else { throw TestFault("cannot write \(path)") }
        fputs(text, file)
        fclose(file)
        defer { unlink(path) }
        try run("nft -f \(path)")
    }
}
