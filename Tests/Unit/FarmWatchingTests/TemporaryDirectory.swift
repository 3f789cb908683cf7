import FarmWatching
import Glibc

/// A directory of its own with `farms.d` inside, removed at the end.
final class TemporaryDirectory: Sendable {
    let root: String
    var farms: FarmDirectory { FarmDirectory(path: path("farms.d")) }

    init() throws {
        var template = Array("/tmp/zk-farms-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw TestFault("mkdtemp") }
        root = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        try make("farms.d")
    }

    deinit { removeTree(root) }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    func make(_ name: String) throws { try check(mkdir(path(name), 0o755), "mkdir \(name)") }
    func remove(_ name: String) { removeTree(path(name)) }
    func link(_ name: String, to target: String) throws { try check(symlink(target, path(name)), "symlink \(name)") }
    func move(_ from: String, to target: String) throws { try check(rename(path(from), path(target)), "rename \(from)") }
    func makePipe(_ name: String) throws { try check(mkfifo(path(name), 0o600), "mkfifo \(name)") }

    func write(_ name: String, _ text: String) throws {
        let descriptor = open(path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        defer { close(descriptor) }
        guard descriptor >= 0, Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else { throw TestFault("write \(name)") }
    }

    /// A file with a hole as large as it is.
    func write(_ name: String, holeOf size: Int) throws {
        try write(name, "")
        try check(truncate(path(name), size), "truncate \(name)")
    }

    private func check(_ result: Int32, _ what: String) throws {
        guard result == 0 else { throw TestFault("\(what): errno \(errno)") }
    }
}

private func removeTree(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return }
    if status.st_mode & S_IFMT == S_IFDIR { for name in names(in: path) { removeTree("\(path)/\(name)") } }
    remove(path)
}

private func names(in path: String) -> [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
        names.append(withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names.filter { $0 != "." && $0 != ".." }
}

struct TestFault: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
