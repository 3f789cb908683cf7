import ArgumentParser

struct ClientsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clients",
        abstract: "Ask once from each of many client addresses and ports, and report which backend each of them got.",
        discussion: """
            The same options ask from the same ends again, so that two runs can be compared:
            farmload clients --to 203.0.113.10:80 --sources 198.51.100.0/24 --per-source 4 -o json > before.json
            """
    )

    @OptionGroup var target: TargetOptions
    @OptionGroup var sources: SourceOptions
    @OptionGroup var format: ReportFormat

    @Option(help: "New connections per second.")
    var rate = 2000.0

    @Option(help: "A connection that has no complete answer after this long has failed.")
    var timeout = DurationArgument(.seconds(2))

    func validate() throws {
        guard sources.sources != nil else { throw ValidationError("Say --sources: a prefix like 198.51.100.0/24 or a file.") }
        guard rate > 0 else { throw ValidationError("--rate must be positive.") }
    }

    func run() throws {
        let ends = try sources.endpoints() ?? []
        let plan = OpenLoop.Plan(
            target: target.to, exchange: target.exchange, count: ends.count, rate: rate, timeout: timeout.duration, source: { ends[$0] })
        let loop = try OpenLoop(plan)
        try loop.run()
        try format.print(LoadReport(loop.record, of: plan, withMapping: true))
    }
}
