import Glibc

/// A program that runs. Its output goes to unnamed files, so nobody can block on the other; one that still runs at the end is killed.
final class Program {
    /// What a program left behind.
    struct Outcome {
        let status: Int32
        let output, errors: String

        /// Standard output of a program that has to succeed.
        func text() throws -> String {
            guard status == 0 else { throw TestFault("exit code \(status): \(errors)\(output)") }
            return output
        }
    }

    let pid: pid_t
    private let words: [String]
    private let (outputFile, errorFile): (Int32, Int32)
    private var ended: Int32?

    init(_ words: [String], input: String = "", outputFile: Int32? = nil) throws {
        self.words = words
        let inputFile = try Self.unnamedFile(with: input)
        defer { close(inputFile) }
        self.outputFile = try outputFile ?? Self.unnamedFile()
        errorFile = outputFile == nil ? try Self.unnamedFile() : dup(self.outputFile)
        pid = try Self.spawn(words, [inputFile, self.outputFile, errorFile])
    }

    deinit {
        kill()
        close(outputFile)
        close(errorFile)
    }

    /// Runs to the end, whatever the exit code.
    static func run(_ words: [String], input: String = "") throws -> Outcome { try Program(words, input: input).outcome() }

    /// Runs to the end and has to succeed; returns standard output.
    @discardableResult
    static func succeed(_ words: [String], input: String = "") throws -> String {
        do { return try run(words, input: input).text() } catch { throw TestFault("\(words.joined(separator: " ")): \(error)") }
    }

    /// Waits for the end.
    func outcome() -> Outcome {
        let status = ended ?? reap(0) ?? -1
        return Outcome(status: status, output: Self.text(of: outputFile), errors: Self.text(of: errorFile))
    }

    /// What it has written so far, to standard output.
    var output: String { Self.text(of: outputFile) }

    /// Nil while it runs; a death by signal n is 128 + n.
    var exitStatus: Int32? { ended ?? reap(WNOHANG) }

    func signal(_ number: Int32) {
        guard exitStatus == nil else { return }
        Glibc.kill(pid, number)
    }

    /// kill -9, and waits until it is gone.
    func kill() {
        signal(SIGCONT)
        signal(SIGKILL)
        if ended == nil { _ = reap(0) }
    }

    private func reap(_ options: Int32) -> Int32? {
        var status: Int32 = 0
        guard waitpid(pid, &status, options) == pid else { return nil }
        ended = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
        return ended
    }
}

extension Program {
    private static func spawn(_ words: [String], _ files: [Int32]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (to, from) in files.enumerated() { posix_spawn_file_actions_adddup2(&actions, from, Int32(to)) }
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child = pid_t()
        let code = posix_spawnp(&child, words[0], &actions, nil, &arguments, environ)
        guard code == 0 else { throw TestFault("cannot start \(words[0]): \(String(cString: strerror(code)))") }
        return child
    }

    private static func unnamedFile(with text: String = "") throws -> Int32 {
        var path = Array("/tmp/zvnft-test-XXXXXX".utf8CString)
        let descriptor = mkstemp(&path)
        unlink(path)
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        guard descriptor >= 0, write(descriptor, text, text.utf8.count) == text.utf8.count, lseek(descriptor, 0, SEEK_SET) == 0 else {
            throw TestFault("no file for a program's output: \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    /// Read by position: the program's own position in the file is left alone.
    private static func text(of descriptor: Int32) -> String {
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while case let count = pread(descriptor, &part, part.count, off_t(all.count)), count > 0 { all += part[..<count] }
        return String(decoding: all, as: UTF8.self)
    }
}
