import ArgumentParser

struct LongCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "long",
        abstract: "Hold long-lived connections that exchange a line at every interval, and report which of them lived.",
        discussion: "Example: farmload long --to 203.0.113.10:9000 --count 40 --duration 12s -o json"
    )

    @Option(help: "The listener: 203.0.113.10:9000 or [2001:db8::10]:9000.")
    var to: Endpoint

    @Flag(help: "Datagrams: a line without an answer is counted as lost and the flow goes on.")
    var udp = false

    @OptionGroup var sources: SourceOptions
    @OptionGroup var format: ReportFormat

    @Option(help: "Connections; with --sources one per client end, whatever is said here.")
    var count = 40

    @Option(help: "How long they are held.")
    var duration = DurationArgument(.seconds(12))

    @Option(help: "Time between two lines of a connection.")
    var interval = DurationArgument(.milliseconds(100))

    @Option(help: "A line that has no answer after this long ends its connection (5s), or counts as a lost datagram (1s).")
    var timeout: DurationArgument?

    func run() throws {
        let ends = try sources.endpoints()
        var plan = LongRun.Plan(
            target: to, exchange: udp ? .udpEcho : .tcpEcho, count: ends?.count ?? count, duration: duration.duration,
            interval: interval.duration, timeout: timeout?.duration ?? (udp ? .seconds(1) : .seconds(5)))
        if let ends { plan.source = { ends[$0] } }
        let run = try LongRun(plan)
        try run.run()
        try format.print(LongReport(run.record, of: plan))
    }
}
