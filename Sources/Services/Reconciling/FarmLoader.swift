import FarmConfig
import FoundationEssentials
import Seams

/// Reads and parses farm files on a thread of its own, so that a large directory holds up nobody.
public actor FarmLoader {
    private let executor = ThreadExecutor(name: "farm files")
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let read: @Sendable () -> FarmReading
    private let store: any StateStore

    /// The files of the directory as they are now, with what kept any of them from being read.
    public struct FarmReading: Sendable {
        public var files: [FarmFile]
        /// Rendered.
        public var faults: [String]
        public init(files: [FarmFile], faults: [String]) { (self.files, self.faults) = (files, faults) }
    }

    /// What the files say; without farms if there is any fault.
    struct Load: Sendable {
        let files: [FarmFile]
        let result: LoadResult
        let faults: [String]
    }

    public init(store: any StateStore, read: @escaping @Sendable () -> FarmReading) {
        (self.store, self.read) = (store, read)
    }

    func load() -> Load {
        let reading = read()
        let result = FarmConfig.load(reading.files)
        return Load(files: reading.files, result: result, faults: reading.faults + result.faults.map { $0.rendered(color: false) })
    }

    /// The files that were accepted last; nil if there are none, they are those of `load`, or they are no longer legal.
    func loadLastGood(insteadOf load: Load) throws(StateFault) -> Load? {
        guard let octets = try store.read(.lastGood) else { return nil }
        let kept: [KeptFile]
        do { kept = try JSONDecoder().decode([KeptFile].self, from: Data(octets)) } catch {
            throw StateFault(message: "the last good farm files cannot be read back: \(error)")
        }
        let files = kept.map { FarmFile(path: $0.path, text: Array($0.text.utf8)) }
        let isSame =
            load.faults.isEmpty && files.count == load.files.count
            && zip(files, load.files).allSatisfy { $0.path == $1.path && $0.text == $1.text }
        guard !isSame else { return nil }
        let result = FarmConfig.load(files)
        return result.faults.isEmpty ? Load(files: files, result: result, faults: []) : nil
    }

    func keep(_ files: [FarmFile]) throws(StateFault) {
        let kept = files.map { KeptFile(path: $0.path, text: String(decoding: $0.text, as: UTF8.self)) }
        try store.write(.lastGood, json(kept))
    }

    private struct KeptFile: Codable {
        let path: String
        let text: String
    }
}

/// Sorted keys, so that equal state gives equal files.
func json(_ value: some Encodable) throws(StateFault) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    do { return Array(try encoder.encode(value)) } catch { throw StateFault(message: "state cannot be encoded: \(error)") }
}
