import CLinux
import Glibc
import Synchronization

enum Namespace {
    private static let newNetwork: Int32 = 0x4000_0000

    /// Runs the body on a thread that is inside for all of its life: sockets and programs that it opens stay there.
    static func run<Value: Sendable>(in name: String, _ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let result = Mutex<Result<Value, any Error>?>(nil)
        let work = Work {
            let outcome = Result { () throws -> Value in
                try enter("/run/netns/\(name)")
                return try body()
            }
            result.withLock { $0 = outcome }
        }
        try work.runOnThread()
        guard let outcome = result.withLock({ $0 }) else { throw LabFault("the thread left no result") }
        return try outcome.get()
    }

    private static func enter(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard descriptor >= 0, clinux_setns(descriptor, newNetwork) == 0 else { throw LabFault("cannot enter \(path): errno \(errno)") }
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
        guard code == 0 else { throw LabFault("no thread: errno \(code)") }
        pthread_join(thread, nil)
    }
}

enum Shell {
    /// Runs a command in the namespace of the calling thread; returns what it printed, throws when it fails.
    @discardableResult
    static func run(_ command: String) throws -> String {
        let (output, status) = try attempt(command)
        guard status == 0 else { throw LabFault("\(command.prefix(400)): status \(status): \(output.prefix(2000))") }
        return output
    }

    static func attempt(_ command: String) throws -> (output: String, status: Int32) {
        guard let pipe = popen("{ \(command)\n} 2>&1", "r") else { throw LabFault("cannot run \(command.prefix(400))") }
        var (output, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 65536))
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            guard count > 0 else { break }
            output += buffer[..<count]
        }
        return (String(decoding: output, as: UTF8.self), pclose(pipe))
    }
}
