import ArgumentParser
import ControlAPI
import FarmConfig
import FarmWatching
import Glibc

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Validates farm files. Needs neither daemon nor root.",
        discussion: """
            All faults of all files are shown at once, and the exit code is 1 when there are any.

            Examples:
              lbctl check
              lbctl check farms.d/web.yaml farms.d/mail.yaml
              lbctl check --farms ./farms.d
            """
    )

    @Argument(help: "Farm files; - is standard input. Without any, those of the directory.", completion: .file(extensions: ["yaml"]))
    var files: [String] = []
    @Option(help: ArgumentHelp("A directory of farm files.", valueName: "directory"), completion: .directory)
    var farms = Product.farmsDirectory
    @OptionGroup var output: OutputOptions

    func run() throws {
        let report = try files.isEmpty ? ofDirectory() : CheckReport(files.map(FarmFileReading.file), unreadable: [])
        try show(report)
        guard report.isGood else { throw ExitCode(ExitStatus.failed.rawValue) }
    }

    private func ofDirectory() throws -> CheckReport {
        do throws(ReadFault) {
            let reading = try FarmDirectory(path: farms).read()
            return CheckReport(reading.files, unreadable: reading.faults)
        } catch {
            let isThere = access(farms, F_OK) == 0
            throw CommandFailure(isThere ? .failed : .notFound, "\(error.path) cannot be read: \(error.reason)")
        }
    }

    /// Faults for people go to standard error, as compilers do it.
    private func show(_ report: CheckReport) throws {
        guard output.output == .table || output.output == .wide, !report.isGood else { return try output.show(report) }
        Console.current.complain(report.text(TextStyle(isColoured: Console.current.isErrorColoured)))
    }
}
