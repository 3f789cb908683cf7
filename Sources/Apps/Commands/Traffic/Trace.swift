import ArgumentParser
import ControlClient

struct TraceCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace", abstract: "Where a packet would go and why, rule by rule.",
        discussion: """
            Computed by the model; no packet is sent. Where only the kernel can choose, all candidates are named with their shares.
            It is the first packet of a client of whom nothing is remembered: no session, no ban, no rate that is used up.

            Examples:
              lbctl trace --from 198.51.100.7:40000 --to 203.0.113.10:80
              lbctl trace --from 2001:db8::7 --to '[2001:db8::10]:443/udp'
            """
    )

    @Option(help: ArgumentHelp("Where the packet comes from.", valueName: "addr[:port]")) var from: String
    @Option(help: ArgumentHelp("Where it is sent to; tcp unless /udp or /sctp follows. ADDR/icmp: a ping.", valueName: "addr:port[/udp]"))
    var to: String
    @Flag(help: "Confirm with the kernel's own trace (not supported yet).") var live = false
    @OptionGroup var output: OutputOptions
    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        guard !live else { throw NotSupportedYet(what: "trace --live") }
        try output.show(try await connection.client.trace(from: from, to: to))
    }
}
