import ControlAPI
import FarmConfig
import FarmWatching

/// What `check` has found.
struct CheckReport: Presentable {
    let files, farms, backends: Int
    let farmNames: [String]
    let faults: [ConfigFault]
    let unreadable: [String]

    init(_ files: [FarmFile], unreadable: [ReadFault]) {
        let bare = FarmConfig.load(files)
        let lists = bare.faults.isEmpty ? ListReader().read(bare.listFiles) : [:]
        let (result, unreadableLists) = bare.completed(with: lists)
        (self.files, self.unreadable) = (files.count, unreadable.map(\.description) + unreadableLists)
        (farms, backends) = (result.farms.count, result.farms.reduce(0) { $0 + $1.backends.count })
        farmNames = result.farms.map(\.name).sorted()
        faults = result.faults
    }

    var isGood: Bool { faults.isEmpty && unreadable.isEmpty }

    /// Of the farms; of none when there are faults.
    var names: [String] { farmNames }

    func text(_ style: TextStyle) -> String {
        guard !isGood else {
            return "ok: \(counted(files, "file")), \(counted(farms, "farm")), \(counted(backends, "backend"))\n"
        }
        // A line about a file begins with its path.
        let places = Set(faults.map(\.place.file) + unreadable.map { String($0.prefix { $0 != ":" }) })
        return faults.map { $0.rendered(color: style.isColoured) + "\n\n" }.joined() + unreadable.map { "\($0)\n\n" }.joined()
            + "\(counted(faults.count + unreadable.count, "fault")) in \(counted(places.count, "file"))\n"
    }

    private enum CodingKeys: String, CodingKey { case ok, files, farms, backends, faults, unreadable }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(isGood, forKey: .ok)
        try container.encode(files, forKey: .files)
        try container.encode(farms, forKey: .farms)
        try container.encode(backends, forKey: .backends)
        try container.encode(faults.map(Fault.init), forKey: .faults)
        try container.encode(unreadable, forKey: .unreadable)
    }

    private struct Fault: Encodable {
        let code, message, file: String
        let line, column: Int
        let hint, explain: String?

        init(_ fault: ConfigFault) {
            (code, message) = (fault.code.rawValue, fault.message)
            (file, line, column) = (fault.place.file, fault.place.line, fault.place.column)
            (hint, explain) = (fault.hint, fault.explainKey)
        }
    }
}
