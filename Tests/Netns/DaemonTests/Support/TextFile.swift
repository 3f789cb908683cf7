import Glibc

extension String {
    /// The whole of a file.
    init(contentsOfFile path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TestFault("cannot open \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var all: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(descriptor, &part, part.count), count > 0 { all += part[..<count] }
        self.init(decoding: all, as: UTF8.self)
    }

    /// Whole or not at all, as an editor saves: a neighbour that is renamed.
    func save(as path: String) throws {
        try overwrite(path + "~")
        guard rename(path + "~", path) == 0 else { throw TestFault("cannot make \(path): \(String(cString: strerror(errno)))") }
    }

    /// In place.
    func overwrite(_ path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw TestFault("cannot write \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, self, utf8.count) == utf8.count else {
            throw TestFault("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}
