import Glibc
import Seams

/// Keeps state in files that are written whole: a temporary file, fsync, rename; with a checksum in the first line.
///
/// What must not be lost is written twice, the copy after the file. A damaged file is set aside under a name of its own: `.broken` when the
/// copy serves, `.lost` when nothing does.
public final class StateDirectory: StateStore {
    private let path: String

    /// Makes the directory, mode 0750, if it is missing.
    public init(path: String) throws(StateFault) {
        self.path = path
        guard mkdir(path, 0o750) == 0 || errno == EEXIST else { throw Self.fault("make", path) }
    }

    public func read(_ item: StateItem) throws(StateFault) -> StateReading? {
        let first = StateFile(at: file(item))
        let second = item.hasCopy ? StateFile(at: copy(item)) : .missing
        if case .whole(let octets) = first {
            return StateReading(octets: octets, damage: item.hasCopy && second != first ? damage(ofCopy: item, second) : nil)
        }
        switch (first, second) {
        case (.missing, .missing): return nil
        case (_, .whole(let octets)):
            let words = first.fault.map { "\($0); \(setAside(file(item), as: .broken))" } ?? "\(file(item)) is missing"
            return StateReading(octets: octets, damage: "\(words); its copy serves, and nothing is lost")
        case (.missing, _): throw StateFault(message: "\(second.fault ?? ""); \(setAside(copy(item), as: .lost))")
        default:
            if second.isDamaged { _ = setAside(copy(item), as: .broken) }
            throw StateFault(message: "\(first.fault ?? ""); \(setAside(file(item), as: .lost))")
        }
    }

    public func write(_ item: StateItem, _ octets: [UInt8]) throws(StateFault) {
        try write(Self.sealed(octets), as: file(item))
        guard item.hasCopy else { return }
        do { try write(Self.sealed(octets), as: copy(item)) } catch {
            // An old copy would pass for what was stored last.
            unlink(copy(item))
            throw error
        }
    }

    public func setAside(_ item: StateItem) {
        // Where the file is gone, missing or set aside already, it was the copy that was read.
        let isCopy = item.hasCopy && access(file(item), F_OK) != 0
        _ = setAside(isCopy ? copy(item) : file(item), as: .lost)
    }

    public func losses(of item: StateItem) -> [String] {
        [file(item), copy(item)].flatMap { SetAside.lost.names(of: $0) }.filter { access($0, F_OK) == 0 }
    }

    /// The file is written first: a copy that differs is what was stored before, after a crash between the two or by a version that knows
    /// of no copy. It must not wait for the day on which it has to serve.
    private func damage(ofCopy item: StateItem, _ copy: StateFile) -> String {
        let name = self.copy(item)
        let words =
            switch copy {
            case .missing: "\(name) is missing"
            case .whole: "\(name) is not what was stored last"
            case .damaged(let words): "\(words); \(setAside(name, as: .broken))"
            }
        return "\(words); \(file(item)) serves, and nothing is lost"
    }

    private func write(_ sealed: [UInt8], as file: String) throws(StateFault) {
        let temporary = file + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw Self.fault("write", temporary) }
        let isWritten = Self.write(sealed, to: descriptor) && fsync(descriptor) == 0
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

    private func copy(_ item: StateItem) -> String { file(item) + ".copy" }

    /// Says where it is now.
    private func setAside(_ file: String, as fate: SetAside) -> String {
        let names = fate.names(of: file)
        // When all names are taken, the last one's file gives way: the first damage tells most.
        let name = names.first { access($0, F_OK) != 0 } ?? names[names.count - 1]
        guard rename(file, name) == 0 else { return "it cannot be set aside: \(String(cString: strerror(errno)))" }
        syncDirectory()
        return "it was set aside as \(name)"
    }

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
    private static func sealed(_ octets: [UInt8]) -> [UInt8] { Array("\(StateFile.seal(octets))\n".utf8) + octets }
}

/// What becomes of a damaged file.
private enum SetAside: String {
    /// A copy serves.
    case broken
    /// What was in it is lost.
    case lost

    /// How many of one file are kept.
    private static let limit = 8

    /// `file.lost`, `file.lost.2` …
    func names(of file: String) -> [String] { (1...Self.limit).map { "\(file).\(rawValue)" + ($0 == 1 ? "" : ".\($0)") } }
}
