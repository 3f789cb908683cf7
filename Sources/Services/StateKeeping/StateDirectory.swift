import Glibc
import Seams

/// Keeps state in files that are written whole: a temporary file, fsync, rename; with a checksum in the first line.
public final class StateDirectory: StateStore {
    private let path: String

    /// Makes the directory, mode 0750, if it is missing.
    public init(path: String) throws(StateFault) {
        self.path = path
        guard mkdir(path, 0o750) == 0 || errno == EEXIST else { throw Self.fault("make", path) }
    }

    public func read(_ item: StateItem) throws(StateFault) -> [UInt8]? {
        let file = self.file(item)
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw Self.fault("read", file)
        }
        defer { close(descriptor) }
        guard let whole = Self.contents(descriptor) else { throw Self.fault("read", file) }
        guard let octets = Self.unsealed(whole) else {
            // Set aside, or the next write would take the evidence away.
            rename(file, file + ".broken")
            throw StateFault(
                message: "\(file) is torn, edited or of another version (its first line does not match); it was set aside as .broken")
        }
        return octets
    }

    public func write(_ item: StateItem, _ octets: [UInt8]) throws(StateFault) {
        let (file, temporary) = (self.file(item), self.file(item) + ".new")
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw Self.fault("write", temporary) }
        let isWritten = Self.write(Self.sealed(octets), to: descriptor) && fsync(descriptor) == 0
        let cause = errno
        close(descriptor)
        guard isWritten, rename(temporary, file) == 0 else {
            if !isWritten { errno = cause }
            let fault = Self.fault("write", file)
            unlink(temporary)
            throw fault
        }
        syncDirectory()
    }

    private func file(_ item: StateItem) -> String { "\(path)/\(item.rawValue)" }

    /// Makes the rename last through a power cut.
    private func syncDirectory() {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func fault(_ verb: String, _ file: String) -> StateFault {
        StateFault(message: "cannot \(verb) \(file): \(String(cString: strerror(errno)))")
    }

    private static func contents(_ descriptor: Int32) -> [UInt8]? {
        var whole: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &part, part.count)
            if count == 0 { return whole }
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            whole += part[..<count]
        }
    }

    private static func write(_ octets: [UInt8], to descriptor: Int32) -> Bool {
        var rest = octets[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

extension StateDirectory {
    private static func sealed(_ octets: [UInt8]) -> [UInt8] { Array("zvnft 1 \(checksum(octets))\n".utf8) + octets }

    private static func unsealed(_ whole: [UInt8]) -> [UInt8]? {
        guard let end = whole.firstIndex(of: 0x0A) else { return nil }
        let octets = Array(whole[(end + 1)...])
        return whole[..<end].elementsEqual("zvnft 1 \(checksum(octets))".utf8) ? octets : nil
    }

    /// FNV-1a, 64 bit: it has to notice tearing, not an enemy, who could write the file anyway.
    private static func checksum(_ octets: [UInt8]) -> String {
        let hash = octets.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
