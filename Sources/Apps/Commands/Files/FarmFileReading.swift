import FarmConfig
import Glibc

/// Reads farm files that the command line names one by one; directories are read as the daemon reads them, by `FarmDirectory`.
enum FarmFileReading {
    /// One byte more than the parser takes, for it to notice that there is more.
    private static let bytes = FarmLimits.fileSize + 1

    /// `-` is standard input.
    static func file(_ path: String) throws -> FarmFile {
        let descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { if descriptor != STDIN_FILENO { close(descriptor) } }
        return FarmFile(path: path, text: try contents(of: descriptor, path))
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
