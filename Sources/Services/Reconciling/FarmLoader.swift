import FarmConfig
import FarmModel
import FoundationEssentials
import Seams

/// Reads and parses farm files on a thread of its own, so that a large directory holds up nobody.
public actor FarmLoader {
    private let executor = ThreadExecutor(name: "farm files")
    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let read: @Sendable () -> FarmReading
    private let readLists: @Sendable (Set<String>) -> [String: ListReading]
    private let store: any StateStore
    private let allowsPrograms: Bool

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
        /// What the policies of the files name, by path.
        let lists: [String: SourceList]
        let result: LoadResult
        let faults: [String]
    }

    /// `allowsPrograms`: whether checks of type exec are accepted. `readLists`: reads the list files that policies name, by their paths.
    public init(
        store: any StateStore, allowsPrograms: Bool = false,
        readLists: @escaping @Sendable (Set<String>) -> [String: ListReading] = { _ in [:] },
        read: @escaping @Sendable () -> FarmReading
    ) {
        (self.store, self.allowsPrograms, self.readLists, self.read) = (store, allowsPrograms, readLists, read)
    }

    func load() -> Load {
        let reading = read()
        let bare = FarmConfig.load(reading.files, allowsPrograms: allowsPrograms)
        // Of files with faults nobody knows which lists they want.
        let readings = bare.faults.isEmpty ? readLists(bare.listFiles) : [:]
        let (result, unreadable) = bare.completed(with: readings)
        let faults = reading.faults + unreadable + result.faults.map { $0.rendered(color: false) }
        return Load(files: reading.files, lists: readings.compactMapValues(\.list), result: result, faults: faults)
    }

    /// The files that were accepted last, `load` itself if it is those; nil if there are none, or they are no longer legal.
    func loadLastGood(insteadOf load: Load) throws(StateFault) -> Load? {
        guard let octets = try store.read(.lastGood)?.octets else { return nil }
        let kept: [KeptFile]
        do { kept = try JSONDecoder().decode([KeptFile].self, from: Data(octets)) } catch {
            throw StateFault(message: "the last good farm files cannot be read back: \(error)")
        }
        let files = kept.compactMap { file in file.text.map { FarmFile(path: file.path, text: Array($0.utf8)) } }
        let keptLists = Dictionary(kept.compactMap { file in file.list.map { (file.path, $0) } }) { $1 }
        let isSame =
            load.faults.isEmpty && keptLists == load.lists && files.count == load.files.count
            && zip(files, load.files).allSatisfy { $0.path == $1.path && $0.text == $1.text }
        guard !isSame else { return load }
        let bare = FarmConfig.load(files, allowsPrograms: allowsPrograms)
        guard bare.faults.isEmpty, bare.listFiles.allSatisfy({ keptLists[$0] != nil }) else { return nil }
        return Load(files: files, lists: keptLists, result: bare.completed(with: keptLists.mapValues { .list($0) }).result, faults: [])
    }

    func keep(_ load: Load) throws(StateFault) {
        let texts = load.files.map { KeptFile(path: $0.path, text: String(decoding: $0.text, as: UTF8.self)) }
        try store.write(.lastGood, json(texts + load.lists.sorted { $0.key < $1.key }.map { KeptFile(path: $0.key, list: $0.value) }))
    }

    /// A farm file, or the networks of a list.
    private struct KeptFile: Codable {
        let path: String
        let text: String?
        let ipv4: Data?
        let ipv6: Data?

        init(path: String, text: String) { (self.path, self.text, ipv4, ipv6) = (path, text, nil, nil) }

        init(path: String, list: SourceList) {
            (self.path, text, ipv4, ipv6) = (path, nil, Data(list.octets(.ipv4)), Data(list.octets(.ipv6)))
        }

        var list: SourceList? {
            guard let ipv4, let ipv6 else { return nil }
            return SourceList(ipv4: Array(ipv4), ipv6: Array(ipv6))
        }
    }
}

/// Sorted keys, so that equal state gives equal files.
func json(_ value: some Encodable) throws(StateFault) -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    do { return Array(try encoder.encode(value)) } catch { throw StateFault(message: "state cannot be encoded: \(error)") }
}
