#if canImport(Glibc)
    import Glibc
#endif

/// A user of this host as /etc/passwd knows it. Not by getpwnam: a directory service that does not answer would hold up every probe.
struct LocalUser: Equatable {
    let id: uid_t
    let group: gid_t

    /// Nil when there is no such user, or the file cannot be read.
    static func named(_ name: String, in path: String = "/etc/passwd") -> LocalUser? {
        guard let text = contents(of: path) else { return nil }
        return text.split(separator: "\n").lazy.compactMap { user($0, named: name) }.first
    }

    /// `name:password:uid:gid:…` (passwd(5))
    static func user(_ line: Substring, named name: String) -> LocalUser? {
        let fields = line.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
        guard fields.count == 5, fields[0] == name, let id = uid_t(fields[2]), let group = gid_t(fields[3]) else { return nil }
        return LocalUser(id: id, group: group)
    }

    private static func contents(of path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var (octets, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
        while octets.count < 1 << 22 {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return count == 0 ? String(decoding: octets, as: UTF8.self) : nil }
            octets += buffer.prefix(count)
        }
        return nil
    }
}
