/// Collects the faults of a load, up to a bound, in the order of the files.
final class FaultLog {
    /// Faults that are kept; one more stands for the rest.
    private let limit: Int
    private(set) var count = 0
    private var entries: [(file: Int, fault: ConfigFault)] = []
    private var fileIndex = 0
    private var source: SourceText?

    /// Keys of the file at hand that were reported before their document was read.
    private var skippedKeys: [Spot] = []

    /// Whether checks may run programs here.
    let allowsPrograms: Bool

    init(limit: Int = FarmLimits.faults, allowsPrograms: Bool = true) { (self.limit, self.allowsPrograms) = (limit, allowsPrograms) }

    /// What is reported from now on stands in this file.
    func enter(_ source: SourceText, index: Int) {
        (self.source, fileIndex, skippedKeys) = (source, index, [])
    }

    /// True when further faults are only counted.
    var isFull: Bool { entries.count > limit }

    func countOnly() { count += 1 }

    func skipKey(at spot: Spot) { skippedKeys.append(spot) }

    func isSkipped(_ spot: Spot) -> Bool {
        !skippedKeys.isEmpty && skippedKeys.contains { ($0.line, $0.column) == (spot.line, spot.column) }
    }

    func report(
        _ code: FaultCode, _ message: String, at spot: Spot, hint: String? = nil, explain: String? = nil,
        related: [ConfigFault.RelatedPlace] = []
    ) {
        count += 1
        guard let source, entries.count <= limit else { return }
        let isLast = entries.count == limit
        let place = source.place(spot)
        let excerpt = source.excerpt(at: place)
        let fault = ConfigFault(
            code: isLast ? .moreFaults : code, message: isLast ? "too many faults: those from here on are not shown" : message,
            place: place, sourceLine: excerpt.text, sourceColumn: excerpt.column, hint: isLast ? "mend those above first" : hint,
            related: isLast ? [] : related, explainKey: isLast ? nil : explain)
        entries.append((fileIndex, fault))
    }

    /// Another place in the file at hand.
    func related(_ spot: Spot, _ message: String) -> ConfigFault.RelatedPlace? {
        source.map { ConfigFault.RelatedPlace(place: $0.place(spot), message: message) }
    }

    /// A path that the file at hand names: relative ones begin in its folder.
    func path(beside name: String) -> String {
        guard let source, !name.hasPrefix("/"), let slash = source.path.lastIndex(of: "/") else { return name }
        return source.path[...slash] + name
    }

    func place(_ spot: Spot) -> SourcePlace? { source?.place(spot) }

    /// Each fault once, by file, line and column.
    var sorted: [ConfigFault] {
        var seen: Set<ConfigFault> = []
        return entries.enumerated().sorted { left, right in
            let (first, second) = (left.element.fault.place, right.element.fault.place)
            return (left.element.file, first.line, first.column, left.offset) < (
                right.element.file, second.line, second.column, right.offset
            )
        }
        .map(\.element.fault).filter { seen.insert($0).inserted }
    }
}
