import ArgumentParser

struct ConnectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connect",
        abstract: "Open new connections at an even rate and report what became of them.",
        discussion: "Example: farmload connect --to 203.0.113.10:80 --rate 1000 --duration 12s --timeout 3s -o json"
    )

    @OptionGroup var target: TargetOptions
    @OptionGroup var format: ReportFormat

    @Option(help: "New connections per second.")
    var rate = 100.0

    @Option(help: "How long connections are opened, or --count.")
    var duration = DurationArgument(.seconds(10))

    @Option(help: "How many connections are opened, instead of --duration.")
    var count: Int?

    @Option(help: "A connection that has no complete answer after this long has failed.")
    var timeout = DurationArgument(.seconds(1))

    @Option(help: "Client addresses to use in turn (ports by the kernel): a prefix or a file.")
    var sources: String?

    func validate() throws {
        guard rate > 0, rate <= 1_000_000, (count ?? 1) > 0 else { throw ValidationError("--rate and --count must be positive.") }
    }

    func run() throws {
        var plan = OpenLoop.Plan(
            target: target.to, exchange: target.exchange,
            count: count ?? Int(rate * Double(duration.duration.nanoseconds) / 1e9), rate: rate, timeout: timeout.duration)
        if let sources {
            let addresses = try SourceAddresses(sources, atMost: 65_536).addresses
            plan.source = { Endpoint(address: addresses[$0 % addresses.count], port: 0) }
        }
        let loop = try OpenLoop(plan)
        try loop.run()
        try format.print(LoadReport(loop.record, of: plan))
    }
}
