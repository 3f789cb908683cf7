import ArgumentParser
import FoundationEssentials

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Compare two results of `farmload clients -o json`: who moved, and from where."
    )

    @Argument(help: "The earlier result.")
    var before: String

    @Argument(help: "The later result.")
    var after: String

    @OptionGroup var format: ReportFormat

    func run() throws {
        try format.print(Movement(from: try mapping(in: before), to: try mapping(in: after)))
    }

    private func mapping(in path: String) throws -> [String: String] {
        guard let bytes = FileManager.default.contents(atPath: path) else { throw ValidationError("cannot read \(path)") }
        guard let mapping = try JSONDecoder().decode(LoadReport.self, from: bytes).mapping else {
            throw ValidationError("\(path) is not a result of `farmload clients`")
        }
        return mapping
    }
}

/// How clients moved between two runs.
struct Movement: Codable, CustomStringConvertible {
    let same, moved: Int
    /// Clients that were answered in one of the two runs only.
    let unanswered: Int
    /// Moved clients by the backend they left, as a share of all that it had.
    let movedFrom: [String: Int]
    let shareMovedFrom: [String: Double]

    init(from before: [String: String], to after: [String: String]) {
        let both = before.filter { after[$0.key] != nil }
        let movers = both.filter { after[$0.key] != $0.value }
        moved = movers.count
        same = both.count - movers.count
        unanswered = before.count + after.count - 2 * both.count
        let left = Dictionary(grouping: movers.values) { $0 }.mapValues(\.count)
        let had = Dictionary(grouping: both.values) { $0 }.mapValues(\.count)
        movedFrom = left
        shareMovedFrom = had.reduce(into: [:]) { $0[$1.key] = Double(left[$1.key] ?? 0) / Double($1.value) }
    }

    var description: String {
        let shares = shareMovedFrom.mapValues { rounded($0 * 100) + " %" }
        return "\(same) stayed, \(moved) moved, \(unanswered) answered only once\nmoved away from: \(sortedText(shares))"
    }
}
