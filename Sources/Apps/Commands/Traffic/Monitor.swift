import ArgumentParser
import ControlAPI
import ControlClient

struct MonitorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "monitor", abstract: "Events as they happen: verdicts, changes, drift, neighbours, links.",
        discussion: """
            Goes on until it is interrupted; leaves with 5 when the daemon stops. That it has begun is said on standard error.

            Examples:
              lbctl monitor
              lbctl monitor --farm web -o jsonl
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable { case text, jsonl }

    @Option(help: "Only of this farm.") var farm: String?
    @Option(name: .shortAndLong, help: ArgumentHelp("How to write an event.", valueName: "format")) var output: Format = .text
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        try await connection.client.events(farm: farm) {
            Console.current.complain("watching \(farm.map { "farm \(Printable.text($0))" } ?? "all farms") (Ctrl-C ends)\n")
        } receive: { event in
            Console.current.write(try line(event))
            return true
        }
    }

    private func line(_ event: EventView) throws -> String {
        switch output {
        case .jsonl: String(decoding: try ControlJSON.encode(event), as: UTF8.self) + "\n"
        case .text: event.line + "\n"
        }
    }
}

extension EventView {
    /// `2026-01-02T03:04:05.678Z verdict web/web1 down: connection refused`
    var line: String {
        let subject = [farm, backend].compactMap(\.self).joined(separator: "/")
        return [at, kind.rawValue, subject, message].filter { !$0.isEmpty }.map(Printable.text).joined(separator: " ")
    }
}
