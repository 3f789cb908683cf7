import ArgumentParser
import ControlServer
import Glibc
import Logging
import Observability
import Seams

/// `zvnftd run`: balances until it is told to stop.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Balance: read the farm files, program the kernel, probe the backends.",
        discussion: """
            Stopping it leaves the kernel forwarding; starting it again takes over what it finds.

            EXAMPLES
              zvnftd run
              zvnftd run --farms ./farms.d --state /tmp/zvnft --socket /tmp/zvnft.sock

            SIGHUP re-reads the farm files, SIGTERM and SIGINT stop.
            Exit codes: 0 stopped, 64 usage, 71 the kernel does not let us, 75 another instance holds the tables, 78 bad settings.
            """)

    @Option(help: ArgumentHelp("The daemon's settings (default: \(Settings.defaultFile)).", valueName: "file"))
    var config: String?
    @Option(help: ArgumentHelp("Directory of farm files.", valueName: "dir"))
    var farms: String?
    @Option(help: ArgumentHelp("Directory for what is kept over restarts.", valueName: "dir"))
    var state: String?
    @Option(help: ArgumentHelp("The control socket.", valueName: "path"))
    var socket: String?
    @Option(help: "trace, debug, info, notice, warning, error or critical.")
    var logLevel: String?
    @Option(help: "text or json.")
    var logFormat: String?

    func run() async throws {
        let settings = try settings()
        LoggingSystem.bootstrap { _ in LineLogHandler(level: settings.logLevel, format: settings.logFormat) }
        let log = Logger(label: "zvnftd")
        do {
            try await Balancer(settings: settings, log: log).run()
        } catch {
            log.critical("cannot balance", metadata: ["error": "\(error)"])
            throw ExitCode(Self.exitCode(error))
        }
    }

    private func settings() throws -> Settings {
        do {
            var settings = try Settings.read(config)
            settings.farms = farms ?? settings.farms
            settings.state = state ?? settings.state
            settings.socket = socket ?? settings.socket
            if let logLevel { try settings.override("logLevel", logLevel) }
            if let logFormat { try settings.override("logFormat", logFormat) }
            return settings
        } catch {
            complain("zvnftd: \(error)\n")
            throw ExitCode(EX_CONFIG)
        }
    }

    private static func isOtherInstance(_ error: any Error) -> Bool {
        error is OtherInstance || (error as? ControlSocketFault)?.kind == .inUse
    }

    private func complain(_ text: String) {
        let octets = Array(text.utf8)
        _ = octets.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    private static func exitCode(_ error: any Error) -> Int32 {
        switch (error as? DriverError)?.kind {
        case .ownedByOther: EX_TEMPFAIL
        case .some: EX_OSERR
        case nil: isOtherInstance(error) ? EX_TEMPFAIL : EX_SOFTWARE
        }
    }
}

extension Settings {
    /// An option is the setting of the same name.
    fileprivate mutating func override(_ name: String, _ value: String) throws(SettingsFault) {
        let given = try Settings(yaml: "\(name): \"\(value)\"", file: "--\(name)")
        if name == "logLevel" { logLevel = given.logLevel } else { logFormat = given.logFormat }
    }
}

/// Another daemon uses the same state directory.
struct OtherInstance: Error, CustomStringConvertible {
    let description: String
}
