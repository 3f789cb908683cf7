import FarmConfig
import Glibc

/// Reads one file within bounds.
enum FileReading {
    /// Nil when the file has gone since its name was read. `room` is what is left of the bound for all files, in octets.
    static func contents(of path: String, room: Int) throws(ReadFault) -> [UInt8]? {
        // Without O_NONBLOCK the open of a named pipe would wait for a writer.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return try absent(path, errno) }
        defer { close(descriptor) }
        let size = try size(of: descriptor, path)
        guard size <= room else {
            throw ReadFault(path: path, reason: "all farm files together are larger than \(mebibytes(FarmDirectory.maximumBytes))")
        }
        return try read(descriptor, expecting: size, path)
    }

    private static func absent(_ path: String, _ code: Int32) throws(ReadFault) -> [UInt8]? {
        var status = stat()
        if code == ENOENT, lstat(path, &status) != 0 { return nil }
        throw ReadFault(path: path, errno: code, hint: code == ENOENT ? "the symbolic link leads nowhere" : nil)
    }

    private static func size(of descriptor: Int32, _ path: String) throws(ReadFault) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw ReadFault(path: path, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else { throw ReadFault(path: path, reason: "not a regular file") }
        return try within(Int(status.st_size), path)
    }

    /// The file may grow while it is read: the bound is looked at again.
    private static func read(_ descriptor: Int32, expecting size: Int, _ path: String) throws(ReadFault) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(size + 1)
        var part = [UInt8](repeating: 0, count: min(max(size + 1, 4096), 1 << 20))
        while true {
            let count = Glibc.read(descriptor, &part, part.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw ReadFault(path: path, errno: errno) }
            guard count > 0 else { return text }
            text += part[..<count]
            _ = try within(text.count, path)
        }
    }

    private static func within(_ size: Int, _ path: String) throws(ReadFault) -> Int {
        guard size <= FarmLimits.fileSize else {
            let reason = "larger than \(mebibytes(FarmLimits.fileSize))"
            throw ReadFault(path: path, reason: reason, hint: "spread the farms over several files")
        }
        return size
    }

    private static func mebibytes(_ octets: Int) -> String { "\(octets >> 20) MiB" }
}
