import ArgumentParser
import CLinux
import ControlAPI

/// `zvnftd`: each further system of the product is one more subcommand, run as a process of its own.
public struct DaemonCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "zvnftd", abstract: "Balances connections by nftables.", version: Product.version,
        subcommands: [RunCommand.self], defaultSubcommand: RunCommand.self)

    public init() {}

    /// While the process has one thread: those made later inherit what is left. An asynchronous `main` begins on a thread of the pool, and
    /// privileges are a thread's own: the main thread and the rest of the pool would keep all of them.
    public static func prepare() {
        clinux_share_one_heap()
        Privileges.drop(for: Settings.early(in: CommandLine.arguments))
        clinux_raise_descriptor_limit()
    }

    /// Exit codes of sysexits.h where they fit; usage errors are 64.
    public static func start() async { await main() }
}
