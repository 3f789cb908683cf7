import CLinux
import Glibc

/// Keeps a second daemon from using the same state directory; the kernel's table owner keeps it from the same tables.
struct InstanceLock: ~Copyable {
    private let descriptor: Int32

    /// Holds for as long as the value lives; the kernel lets go when the process ends, however it ends.
    init(directory: String) throws(OtherInstance) {
        let path = "\(directory)/lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else {
            // A state directory that cannot be written is survivable, and said elsewhere.
            return
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw OtherInstance(description: "another zvnftd uses \(directory); stop it, or give this one a --state of its own")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }
}
