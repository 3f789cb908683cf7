import FarmConfig
import FoundationEssentials
import Glibc

/// Reads farm files from where the command line says they are.
enum FarmFileReading {
    /// The bound of the parser, and one byte for it to notice that there is more.
    private static let bytes = (16 << 20) + 1

    /// `*.yaml` of a directory in lexical order, hidden files left out, as the daemon reads them.
    static func files(in directory: String) throws -> [FarmFile] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw CommandFailure(.notFound, "cannot read the directory \(directory); name files, or another one with --farms")
        }
        return try names.filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }.sorted().map { try file(directory + "/" + $0) }
    }

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
