import FarmConfig
import Glibc

/// Reads farm files that the command line names one by one; directories are read as the daemon reads them, by `FarmDirectory`.
enum FarmFileReading {
    /// One byte more than the parser takes, for it to notice that there is more.
    private static let bytes = FarmLimits.fileSize + 1

    /// `-` is standard input.
    static func file(_ path: String) throws -> FarmFile {
        guard path != "-" else { return FarmFile(path: path, text: try contents(of: STDIN_FILENO, path)) }
        // Without O_NONBLOCK the open of a named pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        if let objection = try objection(to: descriptor, path) { throw CommandFailure(.failed, objection) }
        return FarmFile(path: path, text: try contents(of: descriptor, path))
    }

    /// What is no regular file may never end, or never begin.
    private static func objection(to descriptor: Int32, _ path: String) throws -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(path) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return nil
        // What a shell puts for `<(command)`: it has a writer, and an end.
        case S_IFIFO where ["/dev/fd/", "/proc/self/fd/"].contains(where: path.hasPrefix): return nil
        case S_IFDIR: return "\(path) is a directory; `lbctl check --farms \(path)` checks the files in it"
        case let kind:
            let words = kind == S_IFIFO ? "a named pipe" : "a device"
            return "\(path) is \(words) and no regular file; `lbctl check -` reads standard input"
        }
    }

    private static func contents(of descriptor: Int32, _ path: String) throws -> [UInt8] {
        var (text, piece) = ([UInt8](), [UInt8](repeating: 0, count: 64 << 10))
        while text.count < bytes {
            let count = read(descriptor, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(path) }
            if count == 0 { break }
            text += piece[..<count]
        }
        return text
    }

    private static func failure(_ path: String) -> CommandFailure {
        CommandFailure(errno == ENOENT ? .notFound : .failed, "cannot read \(path): \(String(cString: strerror(errno)))")
    }
}
