import FarmConfig

/// What `check` has found.
struct CheckReport: Presentable {
    let files, farms, backends: Int
    let farmNames: [String]
    let faults: [ConfigFault]

    init(_ result: LoadResult, files: Int) {
        self.files = files
        (farms, backends) = (result.farms.count, result.farms.reduce(0) { $0 + $1.backends.count })
        farmNames = result.farms.map(\.name).sorted()
        faults = result.faults
    }

    /// Of the farms; of none when there are faults.
    var names: [String] { farmNames }

    func text(_ style: TextStyle) -> String {
        guard !faults.isEmpty else {
            return "ok: \(counted(files, "file")), \(counted(farms, "farm")), \(counted(backends, "backend"))\n"
        }
        return faults.map { $0.rendered(color: style.isColoured) + "\n\n" }.joined()
            + "\(counted(faults.count, "fault")) in \(counted(Set(faults.map(\.place.file)).count, "file"))\n"
    }

    private enum CodingKeys: String, CodingKey { case ok, files, farms, backends, faults }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(faults.isEmpty, forKey: .ok)
        try container.encode(files, forKey: .files)
        try container.encode(farms, forKey: .farms)
        try container.encode(backends, forKey: .backends)
        try container.encode(faults.map(Fault.init), forKey: .faults)
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
