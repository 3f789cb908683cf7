import CLinux
import Glibc
import Processes

/// Keeps a second daemon from using the same state directory; the kernel's table owner keeps it from the same tables.
struct InstanceLock: ~Copyable {
    private let descriptor: Int32

    /// Holds for as long as the value lives; the kernel lets go when the process ends, however it ends.
    init(directory: String) throws(OtherInstance) {
        let file = open("\(directory)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        // A state directory that cannot be written is survivable, and said elsewhere; it can be locked itself.
        descriptor = file >= 0 ? file : open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.holder(descriptor).map { " (\($0))" } ?? ""
            throw OtherInstance(description: "another zvnftd\(holder) uses \(directory); stop it, or give this one a --state of its own")
        }
        Self.sign(descriptor)
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// On a full disk the next one is told less.
    private static func sign(_ descriptor: Int32) {
        let text = Array("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0 else { return }
        _ = pwrite(descriptor, text, text.count, 0)
    }

    /// What holds the lock has written its number into it. Written in another PID namespace, it is somebody else's here: a process to name
    /// has to bear our own name.
    private static func holder(_ descriptor: Int32) -> RunningProcess? {
        var text = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &text, text.count, 0)
        guard count > 0 else { return nil }
        let number = Int32(String(decoding: text[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        guard let process = number.flatMap({ RunningProcess(id: $0) }) else { return nil }
        return process.name == RunningProcess(id: getpid())?.name ? process : nil
    }
}
