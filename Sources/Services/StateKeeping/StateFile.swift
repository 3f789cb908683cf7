import Glibc

/// A state file as it is found.
enum StateFile: Equatable {
    case missing
    case whole([UInt8])
    /// With what is wrong, in words.
    case damaged(String)

    init(at path: String) {
        // Without O_NONBLOCK the open of a named pipe would wait for a writer, and the start with it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            self = errno == ENOENT ? .missing : Self.unreadable(path)
            return
        }
        defer { close(descriptor) }
        if let objection = Self.objection(to: descriptor) {
            self = .damaged("\(path) \(objection)")
            return
        }
        guard let whole = Self.contents(descriptor) else {
            self = Self.unreadable(path)
            return
        }
        self =
            Self.unsealed(whole).map(Self.whole)
            ?? .damaged("\(path) is torn, edited or of another version (its first line does not match)")
    }

    var isDamaged: Bool { fault != nil }

    var fault: String? { if case .damaged(let words) = self { words } else { nil } }

    /// The first line of a file with this content.
    static func seal(_ octets: some Collection<UInt8>) -> String { "zvnft 1 \(checksum(octets))" }

    /// What we write is a regular file, of a hundred bytes for each of the largest installation's targets.
    private static let mostBytes = 256 << 20

    private static func objection(to descriptor: Int32) -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return "cannot be looked at: \(String(cString: strerror(errno)))" }
        guard status.st_mode & S_IFMT == S_IFREG else { return "is not a regular file" }
        return status.st_size <= mostBytes ? nil : "is larger than \(mostBytes >> 20) MiB"
    }

    private static func unreadable(_ path: String) -> StateFile { .damaged("cannot read \(path): \(String(cString: strerror(errno)))") }

    private static func unsealed(_ whole: [UInt8]) -> [UInt8]? {
        guard let end = whole.firstIndex(of: 0x0A) else { return nil }
        let octets = whole[(end + 1)...]
        return whole[..<end].elementsEqual(seal(octets).utf8) ? Array(octets) : nil
    }

    /// FNV-1a, 64 bit: it has to notice tearing, not an enemy, who could write the file anyway.
    private static func checksum(_ octets: some Collection<UInt8>) -> String {
        let hash = octets.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    private static func contents(_ descriptor: Int32) -> [UInt8]? {
        var whole: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &part, part.count)
            if count == 0 { return whole }
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            whole += part[..<count]
        }
    }
}
