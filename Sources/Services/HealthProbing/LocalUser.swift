#if canImport(Glibc)
    import Glibc
#endif

/// A user of this host as /etc/passwd knows it. Not by getpwnam: a directory service that does not answer would hold up every probe.
struct LocalUser: Equatable {
    let id: uid_t
    let group: gid_t

    static func named(_ name: String, in path: String = "/etc/passwd") throws(LocalUserTrouble) -> LocalUser {
        let lines = try contents(of: path).split(separator: "\n")
        guard let user = lines.lazy.compactMap({ user($0, named: name) }).first else {
            throw LocalUserTrouble(words: "no user \(name) in \(path)")
        }
        return user
    }

    /// `name:password:uid:gid:…` (passwd(5))
    static func user(_ line: Substring, named name: String) -> LocalUser? {
        let fields = line.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
        guard fields.count == 5, fields[0] == name, let id = uid_t(fields[2]), let group = gid_t(fields[3]) else { return nil }
        return LocalUser(id: id, group: group)
    }

    private static func contents(of path: String) throws(LocalUserTrouble) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }
        var (octets, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
        while octets.count < 1 << 22 {
            let count = read(descriptor, &buffer, buffer.count)
            guard count >= 0 else { throw unreadable(path, errno) }
            guard count > 0 else { return String(decoding: octets, as: UTF8.self) }
            octets += buffer.prefix(count)
        }
        throw LocalUserTrouble(words: "\(path) is longer than 4 MiB")
    }

    private static func unreadable(_ path: String, _ errno: Int32) -> LocalUserTrouble {
        LocalUserTrouble(words: "\(path) cannot be read: \(systemWords(errno))")
    }
}

/// Why a user is not known.
struct LocalUserTrouble: Error {
    let words: String
}
