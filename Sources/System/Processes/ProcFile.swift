import Glibc

/// What /proc says; nothing where it does not.
public enum ProcFile {
    /// Of a file; empty where it cannot be read.
    public static func lines(_ path: String) -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var (whole, part) = ([UInt8](), [UInt8](repeating: 0, count: 16_384))
        while case let count = read(descriptor, &part, part.count), count > 0 { whole += part[..<count] }
        return whole.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    static func names(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    /// Of a symbolic link.
    static func target(_ path: String) -> String? {
        var text = [CChar](repeating: 0, count: 256)
        let count = readlink(path, &text, text.count)
        return count > 0 ? String(decoding: text[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self) : nil
    }
}
