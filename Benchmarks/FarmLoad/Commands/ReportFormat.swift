import ArgumentParser
import FoundationEssentials

/// The `-o` option of every command that reports.
struct ReportFormat: ParsableArguments {
    enum Format: String, CaseIterable, ExpressibleByArgument { case text, json }

    @Option(name: [.customShort("o"), .long], help: "text or json.")
    var output: Format = .text

    func print(_ report: some Encodable & CustomStringConvertible) throws {
        switch output {
        case .text: Swift.print(report)
        case .json:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
            Swift.print(String(decoding: try encoder.encode(report), as: UTF8.self))
        }
    }
}
