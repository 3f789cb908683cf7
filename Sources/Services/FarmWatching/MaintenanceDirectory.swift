import Glibc

/// The directory whose files take farms and backends out of service by being there: `web`, `web@web1`.
///
/// What a file says on its first line is shown; that it can be read is not needed. Hidden files and editors' backups (`web~`, `#web#`)
/// are left out, directories, too. Without the directory nothing is taken out.
public struct MaintenanceDirectory: Sendable {
    public let path: String

    public static let maximumFiles = 10_000
    /// Octets of the first line that are kept.
    public static let noteLength = 200

    public init(path: String) { self.path = path }

    /// Sorted by name; blocks on the disk.
    ///
    /// - Throws: when the directory is there and cannot be read, or holds more files than the bound.
    public func read() throws(ReadFault) -> [(name: String, note: String)] {
        guard let directory = opendir(path) else {
            if errno == ENOENT { return [] }
            throw ReadFault(path: path, errno: errno)
        }
        defer { closedir(directory) }
        var files: [(name: String, note: String)] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard Self.counts(name), let note = note("\(path)/\(name)") else { continue }
            files.append((name, note))
            guard files.count <= Self.maximumFiles else {
                throw ReadFault(
                    path: path, reason: "more than \(Self.maximumFiles) files", hint: "a farm's file takes out all its backends")
            }
        }
        return files.sorted { $0.name < $1.name }
    }

    private static func counts(_ name: String) -> Bool { !name.hasPrefix(".") && !name.hasPrefix("#") && !name.hasSuffix("~") }

    /// Nil for a directory, and for what has gone meanwhile.
    private func note(_ file: String) -> String? {
        // Without O_NONBLOCK the open of a named pipe would wait for a writer.
        let descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return errno == ENOENT ? nil : "" }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != S_IFDIR else { return nil }
        guard status.st_mode & S_IFMT == S_IFREG else { return "" }
        var octets = [UInt8](repeating: 0, count: Self.noteLength)
        let count = Glibc.read(descriptor, &octets, octets.count)
        guard count > 0 else { return "" }
        return String(decoding: octets[..<count].prefix { $0 != 0x0A && $0 != 0x0D && $0 != 0 }, as: UTF8.self)
    }
}
