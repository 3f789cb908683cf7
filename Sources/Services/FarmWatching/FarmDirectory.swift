import FarmConfig
import Glibc

/// The directory of farm files: every `*.yaml`, `*.yml` and `*.json` in it, hidden ones excepted, in the order of their names' bytes.
///
/// Symbolic links are followed. Editors' backups (`web.yaml~`, `#web.yaml#`, `web.yaml.bak`) have other endings and so are left out.
public struct FarmDirectory: Sendable {
    public let path: String

    /// The bounds of one reading; the size of one file is `FarmLimits.fileSize`.
    public static let maximumFiles = 10_000
    public static let maximumBytes = 256 << 20

    public init(path: String) { self.path = path }

    /// What a directory held.
    public struct Reading: Sendable {
        public let files: [FarmFile]
        /// In the order of the names. With any of them the files are not all there is: nothing should be made of them.
        public let faults: [ReadFault]
    }

    /// Reads everything; blocks on the disk.
    ///
    /// - Throws: when the directory itself cannot be read, or holds more files than the bound.
    public func read() throws(ReadFault) -> Reading {
        var files: [FarmFile] = []
        var faults: [ReadFault] = []
        var room = Self.maximumBytes
        for name in try names() {
            do throws(ReadFault) {
                guard let text = try FileReading.contents(of: "\(path)/\(name)", room: room) else { continue }
                room -= text.count
                files.append(FarmFile(path: "\(path)/\(name)", text: text))
            } catch {
                faults.append(error)
            }
        }
        return Reading(files: files, faults: faults)
    }

    /// The names of the farm files, sorted.
    func names() throws(ReadFault) -> [String] {
        guard let directory = opendir(path) else { throw missing(errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard Self.isFarmFile(name) else { continue }
            names.append(name)
            guard names.count <= Self.maximumFiles else {
                throw ReadFault(path: path, reason: "more than \(Self.maximumFiles) farm files", hint: "a file may hold several farms")
            }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func isFarmFile(_ name: String) -> Bool {
        !name.hasPrefix(".") && [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
    }

    private func missing(_ code: Int32) -> ReadFault {
        ReadFault(path: path, errno: code, hint: code == ENOENT ? "make the directory, or name another with --farms" : nil)
    }
}
