import FarmConfig
import Synchronization

/// Reads the list files that policies name. A file whose content is the same as before is not parsed again.
public final class ListReader: Sendable {
    private let known = Mutex<[String: Known]>([:])

    private struct Known {
        let digest: ContentDigest
        let reading: ListReading
    }

    public init() {}

    /// By path, each of them; forgets the others. Blocks on the disk.
    public func read(_ paths: Set<String>) -> [String: ListReading] {
        known.withLock { known in
            var readings: [String: ListReading] = [:]
            for path in paths { readings[path] = read(path, &known[path]) }
            known = known.filter { paths.contains($0.key) }
            return readings
        }
    }

    private func read(_ path: String, _ known: inout Known?) -> ListReading {
        do throws(ReadFault) {
            guard let text = try FileReading.contents(of: path, room: FarmDirectory.maximumBytes) else {
                throw ReadFault(path: path, reason: "there is no such file")
            }
            let digest = ContentDigest(text)
            if let known, known.digest == digest { return known.reading }
            let reading = ListReading(parsing: text, path: path)
            known = Known(digest: digest, reading: reading)
            return reading
        } catch {
            known = nil
            return .unreadable(error.description)
        }
    }
}
