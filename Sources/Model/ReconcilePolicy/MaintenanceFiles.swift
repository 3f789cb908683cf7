import FarmModel

/// What files in `maintenance.d` take out of service: whoever may write there needs neither the daemon nor its socket.
///
/// The name says what: `web` the whole farm, `web@web1` a backend of it. `@` occurs in no name of a farm or backend.
public struct MaintenanceFiles: Sendable, Equatable {
    /// By farm: what the file says, on its first line.
    public private(set) var farms: [String: String] = [:]
    public private(set) var backends: [BackendID: String] = [:]

    public init() {}

    public init(_ files: [(name: String, note: String)]) {
        for (name, note) in files {
            let parts = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            if parts.count == 2 { backends[BackendID(farm: parts[0], backend: parts[1])] = note } else { farms[name] = note }
        }
    }

    /// The file that takes the backend out and what it says; nil when there is none.
    public func note(on id: BackendID) -> (file: String, note: String)? {
        guard !farms.isEmpty || !backends.isEmpty else { return nil }
        if let note = farms[id.farm] { return (id.farm, note) }
        return backends[id].map { ("\(id.farm)@\(id.backend)", $0) }
    }

    /// Names of farms of which the files say something else than the others do.
    func farmsThatDiffer(from other: MaintenanceFiles) -> Set<String> {
        let whole = Set(farms.keys).symmetricDifference(other.farms.keys)
        return whole.union(Set(backends.keys).symmetricDifference(other.backends.keys).map(\.farm))
    }

    /// Files that name nothing that is configured.
    public func strangers(among known: [String: Farm]) -> [String] {
        let farms = farms.keys.filter { known[$0] == nil }
        let backends = backends.keys.filter { id in known[id.farm]?.backends.contains { $0.name == id.backend } != true }
        return (farms + backends.map { "\($0.farm)@\($0.backend)" }).sorted()
    }
}
