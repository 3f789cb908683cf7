import CLinux
import Glibc

/// The inotify watches that a directory of farm files needs.
///
/// Watched are the directory, its parent (the directory or the link to it may be replaced), the directories in which the targets of
/// its links stand, and those of the files that farm files name. A watch belongs to an inode, not to a path: after every change the paths are looked up again.
final class DirectoryWatches {
    let descriptor: Int32
    private let path: String
    /// Files outside the directory that are followed, too.
    var followed: Set<String> = []
    private var wanted: [Int32: Names] = [:]
    private var identities: [String: Identity] = [:]
    private var buffer = [UInt8](repeating: 0, count: 65_536)

    /// A bound on the watches that links cost.
    private static let maximumTargets = 256

    private enum Names {
        case all
        case these(Set<String>)
    }

    private struct Identity: Equatable {
        let device: UInt
        let inode: UInt
        let size: Int
        let changed: Int
        let changedNanoseconds: Int
    }

    init(path: String) throws(ReadFault) {
        self.path = path
        descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))
        guard descriptor >= 0 else { throw ReadFault(path: path, errno: errno, hint: "see fs.inotify.max_user_instances") }
        renew()
    }

    deinit { close(descriptor) }

    /// Looks every path up again. What does not exist now is announced by its parent, or found by `hasMoved`.
    func renew() {
        // First, so that what changes during the renewal is found by `hasMoved` if no watch catches it.
        identities = currentIdentities()
        var renewed: [Int32: Names] = [:]
        watch(parent, for: .these([last]), in: &renewed)
        watch(path, for: .all, in: &renewed)
        for (directory, names) in targets().prefix(Self.maximumTargets) { watch(directory, for: .these(names), in: &renewed) }
        for watch in wanted.keys where renewed[watch] == nil { inotify_rm_watch(descriptor, watch) }
        wanted = renewed
    }

    /// Whether another directory or followed file stands at its path than at the last renewal, or something else in it: what inotify does not tell, say after
    /// a change further up the path or on a network file system.
    func hasMoved() -> Bool { identities != currentIdentities() }

    /// Takes the events that wait; true if any of them may change what a reading gives.
    func takeChanges() -> Bool {
        var hasChanged = false
        while case let count = read(descriptor, &buffer, buffer.count), count > 0 {
            if containsChange(count) { hasChanged = true }
        }
        return hasChanged
    }

    private func containsChange(_ count: Int) -> Bool {
        buffer.withUnsafeBytes { bytes in
            var (offset, hasChanged) = (0, false)
            while offset + MemoryLayout<inotify_event>.size <= count {
                let event = bytes.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
                let nameStart = offset + MemoryLayout<inotify_event>.size
                let name = String(decoding: bytes[nameStart..<nameStart + Int(event.len)].prefix { $0 != 0 }, as: UTF8.self)
                if concerns(event, name) { hasChanged = true }
                offset = nameStart + Int(event.len)
            }
            return hasChanged
        }
    }

    private func concerns(_ event: inotify_event, _ name: String) -> Bool {
        if event.mask & UInt32(IN_Q_OVERFLOW) != 0 { return true }
        switch wanted[event.wd] {
        case .all: return true
        // Without a name the event is about the directory itself.
        case .these(let names): return name.isEmpty || names.contains(name)
        case nil: return false
        }
    }

    private func watch(_ directory: String, for names: Names, in watches: inout [Int32: Names]) {
        let watch = inotify_add_watch(descriptor, directory, Self.events)
        guard watch >= 0 else { return }
        switch (watches[watch], names) {
        case (.these(let before)?, .these(let more)): watches[watch] = .these(before.union(more))
        case (.all?, _): break
        default: watches[watch] = names
        }
    }

    private static let events = UInt32(
        IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF)
}

extension DirectoryWatches {
    private var last: String { path.split(separator: "/").last.map(String.init) ?? "" }

    private var parent: String {
        let trimmed = path.hasSuffix("/") ? String(path.dropLast()) : path
        guard let slash = trimmed.lastIndex(of: "/") else { return "." }
        return slash == trimmed.startIndex ? "/" : String(trimmed[..<slash])
    }

    /// The directories that links in the directory lead to, and those of followed files, with the names that matter there, sorted.
    private func targets() -> [(String, Set<String>)] {
        // A directory that cannot be read has no targets; why is the reader's to say.
        let names = (try? FarmDirectory(path: path).names()) ?? []
        var targets: [String: Set<String>] = [:]
        for link in names.map({ "\(path)/\($0)" }).filter(isLink) + followed.filter(isLink) {
            guard let target = realpath(link, nil) else { continue }
            defer { free(target) }
            Self.add(String(cString: target), to: &targets)
        }
        for file in followed { Self.add(file, to: &targets) }
        return targets.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    private static func add(_ path: String, to targets: inout [String: Set<String>]) {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        let directory = path.dropLast(name.count)
        targets[directory.isEmpty ? "." : String(directory), default: []].insert(name)
    }

    private func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    /// Of what exists.
    private func currentIdentities() -> [String: Identity] {
        var identities: [String: Identity] = [:]
        for path in followed.union([path]) {
            var status = stat()
            guard stat(path, &status) == 0 else { continue }
            identities[path] = Identity(
                device: UInt(status.st_dev), inode: UInt(status.st_ino), size: Int(status.st_size),
                changed: status.st_mtim.tv_sec, changedNanoseconds: status.st_mtim.tv_nsec)
        }
        return identities
    }
}
