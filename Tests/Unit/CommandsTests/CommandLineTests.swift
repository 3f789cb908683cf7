import Testing

@testable import Commands

/// What needs no daemon.
@Suite struct CommandLineTests {
    @Test func versionAndHelpGoToStandardOutput() async {
        #expect(await CommandRun.of("--version").output == "lbctl 0.1.0\n")
        let help = await CommandRun.of("backend", "drain", "--help")
        #expect(help.code == 0 && help.errors.isEmpty && help.output.contains("Examples:\n  lbctl backend drain web/web1\n"))
        #expect(await CommandRun.of("help", "farm").output == CommandRun.of("farm", "--help").output)
    }

    @Test(arguments: [
        ["bogus"], ["farm", "bogus"], ["farm", "list", "-o", "xml"], ["backend", "drain", "web"], ["backend", "weight", "web/a", "1001"],
        ["trace", "--from", "1.2.3.4"], ["status", "--timeout", "soon"], ["completions", "csh"], ["--socket"],
    ])
    func misuseLeavesWithTwo(_ arguments: [String]) async {
        let run = await CommandRun.of(arguments)
        #expect(run.code == 2 && run.output.isEmpty && run.errors.hasPrefix("error:"))
    }

    @Test(arguments: [
        ["history"], ["undo", "3"], ["top", "--once"], ["import", "haproxy", "x.cfg", "--to", "y"], ["doctor"],
        ["support-bundle", "f"], ["trace", "--from", "a", "--to", "b", "--live"], ["apply", "--confirm", "60s"], ["plan", "a.yaml"],
    ])
    func whatIsNotBuiltYetSaysSoAndLeavesWithTwo(_ arguments: [String]) async {
        let run = await CommandRun.of(arguments)
        #expect(run.code == 2 && run.output.isEmpty && run.errors.hasPrefix("error: not supported yet: "))
    }

    @Test func helpMarksWhatIsNotBuiltYet() async {
        let lines = await CommandRun.of("--help").output.split(separator: "\n").map { $0.split(separator: " ") }
        for verb in ["history", "undo", "top", "import", "doctor", "support-bundle"] {
            // The abstract of a verb may go on below.
            let start = lines.firstIndex { $0.first ?? "" == verb } ?? 0
            let text = lines[start...].prefix(2).joined().joined(separator: " ")
            #expect(text.contains("(not supported yet)"), "\(verb): \(text)")
        }
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func completionsKnowTheNouns(_ shell: String) async {
        let run = await CommandRun.of("completions", shell)
        #expect(run.code == 0 && run.output.contains("backend") && run.output.contains("maintenance"))
    }

    @Test func explainKnowsKeysAndSuggests() async {
        #expect(await CommandRun.of("explain", "farm.health.fall").output.hasPrefix("farm.health.fall\n"))
        let unknown = await CommandRun.of("explain", "farm.helth")
        #expect(unknown.code == 3 && unknown.errors.contains("did you mean farm.health?"))
    }
}
