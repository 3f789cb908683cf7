import ControlAPI
import Glibc
import Processes

/// The socket's file: who may have it and who may use it.
struct ControlSocket: Sendable {
    let path: String

    /// Of `sun_path`, less the zero at its end.
    private static let pathBytes = 107

    private enum Occupant {
        case nobody, dead, notASocket
        /// Nil: who that is cannot be had.
        case alive(RunningProcess?)
    }

    /// Makes room for `bind`: a socket left behind by a crash is removed, one that somebody listens on never is.
    func claim() throws(ControlSocketFault) {
        guard path.utf8.count <= Self.pathBytes else {
            throw ControlSocketFault(.unusablePath, "\(path) is too long for a socket: at most \(Self.pathBytes) bytes")
        }
        switch try occupant() {
        case .nobody: break
        case .dead: try remove()
        case .alive(let process):
            let holder = process.map { "\($0), listens" } ?? "another process listens"
            throw ControlSocketFault(.inUse, "\(holder) on \(path); stop it, or give this one a --socket of its own")
        case .notASocket: throw ControlSocketFault(.notASocket, "\(path) exists and is not a socket; remove it or choose another path")
        }
    }

    /// Mode 0755; one that is there stays as it is.
    func makeDirectory() throws(ControlSocketFault) {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return }
        let directory = String(path[..<slash])
        guard mkdir(directory, 0o755) == 0 || errno == EEXIST else { throw fault("make its directory") }
    }

    /// Mode 0660 and, where the group exists and we may give files to it, group `zvnft`.
    func openToGroup() throws(ControlSocketFault) {
        if let group = groupIdentifier(named: Product.group), chown(path, uid_t.max, group) != 0, errno != EPERM {
            throw fault("give \(path) to group \(Product.group)")
        }
        guard chmod(path, 0o660) == 0 else { throw fault("set the mode of \(path)") }
    }

    /// Of the socket that the path names; nil when it names none.
    func identity() -> FileIdentity? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { return nil }
        return FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }

    /// Leaves no file behind, unless a successor has already taken the path.
    func removeIfDead() {
        // A path that cannot be looked at is not ours to remove.
        guard case .dead? = try? occupant() else { return }
        unlink(path)
    }

    private func occupant() throws(ControlSocketFault) -> Occupant {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return .nobody }
            throw fault("look at \(path)")
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { return .notASocket }
        return try listener()
    }

    private func listener() throws(ControlSocketFault) -> Occupant {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw fault("open a socket") }
        defer { close(descriptor) }
        if connect(descriptor) == 0 { return .alive(peer(of: descriptor)) }
        // A full backlog answers EAGAIN: somebody is there.
        switch errno {
        case EAGAIN: return .alive(nil)
        case ECONNREFUSED, ENOENT: return .dead
        default: throw fault("try \(path)")
        }
    }

    private func connect(_ descriptor: Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// Who made the other end listen (SO_PEERCRED, unix(7)).
    private func peer(of descriptor: Int32) -> RunningProcess? {
        var credentials = PeerCredentials(process: 0, user: 0, group: 0)
        var length = socklen_t(MemoryLayout<PeerCredentials>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0 else { return nil }
        return RunningProcess(id: credentials.process)
    }

    private func remove() throws(ControlSocketFault) {
        guard unlink(path) == 0 || errno == ENOENT else { throw fault("remove the dead socket \(path)") }
    }

    private func fault(_ act: String) -> ControlSocketFault {
        ControlSocketFault(.unusablePath, "cannot \(act): \(String(cString: strerror(errno)))")
    }
}
