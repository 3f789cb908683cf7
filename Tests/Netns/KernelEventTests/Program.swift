import Glibc
import Synchronization
import TestNamespaces

/// A program run to its end.
enum Program {
    private static let files = Atomic(0)

    /// Returns what it wrote; a status other than 0 is an error with that text.
    @discardableResult
    static func run(_ arguments: [String], input: String = "") throws -> String {
        let (inputFile, outputFile) = (try unnamedFile(with: input), try unnamedFile(with: ""))
        defer {
            close(inputFile)
            close(outputFile)
        }
        var child = pid_t()
        let code = spawn(&child, arguments, input: inputFile, output: outputFile)
        guard code == 0 else { throw TestFault("cannot start \(arguments[0]): errno \(code)") }
        var status: Int32 = 0
        waitpid(child, &status, 0)
        let text = readAll(outputFile)
        guard status == 0 else { throw TestFault("\(arguments.joined(separator: " ")): status \(status >> 8): \(text.prefix(500))") }
        return text
    }

    private static func spawn(_ child: inout pid_t, _ arguments: [String], input: Int32, output: Int32) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (from, to) in [(input, 0), (output, 1), (output, 2)] { posix_spawn_file_actions_adddup2(&actions, from, Int32(to)) }
        var words = arguments.map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        return posix_spawnp(&child, arguments[0], &actions, nil, &words, environ)
    }

    /// Files rather than pipes: nobody can block on the other, and a child of another thread holds nothing open.
    private static func unnamedFile(with text: String) throws -> Int32 {
        let path = "/tmp/zk-evt-\(getpid())-\(files.add(1, ordering: .relaxed).newValue)"
        let descriptor = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TestFault("cannot make \(path): errno \(errno)") }
        unlink(path)
        guard write(descriptor, text, text.utf8.count) == text.utf8.count, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw TestFault("cannot write \(path): errno \(errno)")
        }
        return descriptor
    }

    private static func readAll(_ descriptor: Int32) -> String {
        lseek(descriptor, 0, SEEK_SET)
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(descriptor, &part, part.count), count > 0 { all += part[..<count] }
        return String(decoding: all, as: UTF8.self)
    }
}
