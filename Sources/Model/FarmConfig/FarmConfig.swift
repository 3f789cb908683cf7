import FarmModel

/// Farm files to farms. Pure: the same bytes give the same farms and faults, nothing is opened, and no bytes make it trap.
public enum FarmConfig {
    /// Reads all files and reports all faults of all of them at once; with any fault there are no farms.
    ///
    /// A file without documents holds no farms and has no fault.
    /// - Parameter allowsPrograms: false makes checks of type exec a fault: the daemon's settings do not let them run.
    public static func load(_ files: [FarmFile], allowsPrograms: Bool = true) -> LoadResult {
        load(files, schema: FarmSchema.farm, allowsPrograms: allowsPrograms)
    }

    /// By another table than the one of today: `FarmSchema.complete` takes what is decoded but not built.
    static func load(_ files: [FarmFile], schema: FarmKey, allowsPrograms: Bool = true) -> LoadResult {
        var load = Load(sources: FileSources(files: files), schema: schema, log: FaultLog(allowsPrograms: allowsPrograms))
        for index in files.indices { load.read(index) }
        return load.finish()
    }
}

/// The state of a load between its files: what is kept is farms and places, never text or nodes.
private struct Load {
    let sources: FileSources
    let schema: FarmKey
    let log: FaultLog
    var farms: [Farm] = []
    var origins: [String: (file: Int, place: SourcePlace)] = [:]
    var claims = ListenerClaims()
    var replies = ReplyClaims()
    var documentCount = 0

    mutating func read(_ index: Int) {
        let source = sources.source(index)
        log.enter(source, index: index)
        YAMLDocuments(source: source, log: log).each { document in
            guard let decoder = FarmDecoder(document: document, schema: schema, log: log) else { return }
            keep(decoder.draft(), file: index)
        }
    }

    private mutating func keep(_ draft: FarmDraft, file: Int) {
        claims.add(draft, file: file)
        replies.add(draft, file: file)
        documentCount += 1
        if documentCount == FarmLimits.farms + 1, let name = draft.name {
            log.report(.tooMany, "there are more than \(FarmLimits.farms) farms", at: name.spot)
        }
        guard let name = draft.name, let place = log.place(name.spot) else { return }
        guard let first = origins[name.value] else {
            origins[name.value] = (file, place)
            if draft.isLegal { farms.append(draft.farm) }
            return
        }
        log.report(
            .duplicateFarm, "a second farm is named \(name.value.quoted)", at: name.spot, hint: "names are unique among all farms",
            explain: "farm.farm", related: [.init(place: first.place, message: "the first one")])
    }

    func finish() -> LoadResult {
        claims.reportConflicts(in: sources, to: log)
        replies.reportConflicts(with: farms, { origins[$0]?.place }, in: sources, to: log)
        let faults = log.sorted
        return LoadResult(
            farms: faults.isEmpty ? farms.sorted { $0.name < $1.name } : [], faults: faults, origins: origins.mapValues(\.place))
    }
}
