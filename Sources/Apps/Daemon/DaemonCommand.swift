import ArgumentParser
import CLinux
import ControlAPI

/// `zvnftd`: each further system of the product is one more subcommand, run as a process of its own.
public struct DaemonCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "zvnftd", abstract: "Balances connections by nftables.", version: Product.version,
        subcommands: [RunCommand.self], defaultSubcommand: RunCommand.self)

    public init() {}

    /// Exit codes of sysexits.h where they fit; usage errors are 64.
    public static func start() async {
        // First of all, while the process has one thread: threads made later inherit what is left.
        clinux_share_one_heap()
        Privileges.drop(runsPrograms: Settings.allowPrograms(in: CommandLine.arguments))
        clinux_raise_descriptor_limit()
        await main()
    }
}
