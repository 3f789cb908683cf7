import ArgumentParser
import Testing

@testable import Commands

@Suite struct ArgumentTests {
    @Test(arguments: [("100ms", 100), ("2s", 2000), ("10m", 600_000), ("1h", 3_600_000)] as [(String, Int)])
    func durationsAreReadAsInFarmFiles(_ text: String, _ milliseconds: Int) throws {
        #expect(try TimeSpan.read(text).duration == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "5", "s", "-1s", "1.5s", "5 m", "99999999999999999999s", "1d", "٣s"])
    func otherTextIsNoDuration(_ text: String) { #expect(throws: ValidationError.self) { try TimeSpan.read(text) } }

    @Test func backendsAreNamedByFarmAndBackend() {
        let name = BackendName(argument: "web/[fd00:1::13]:8080")
        #expect(name?.farm == "web" && name?.backend == "[fd00:1::13]:8080")
        #expect(BackendName(argument: "web") == nil && BackendName(argument: "/a") == nil && BackendName(argument: "web/") == nil)
    }

    @Test func aDurationWithoutUnitIsToldOfOne() async {
        let run = await CommandRun.of("status", "--wait", "--timeout", "1")
        #expect(run.code == 2 && run.errors.contains("the unit is missing: write \"1s\" for seconds"), "\(run)")
        #expect(await CommandRun.of("status", "--timeout", "soon").errors.contains("500ms, 2s or 10m"))
    }

    @Test func aFarmInABackendsPlaceIsShownHowBackendsAreNamed() async {
        let run = await CommandRun.of("backend", "drain", "web")
        #expect(run.code == 2 && run.errors.contains("as in web/web1; `lbctl backend list web` shows them"), "\(run)")
        #expect(await CommandRun.of("backend", "weight", "/a", "5").errors.contains("name a farm and its backend, as in web/web1"))
    }

    @Test(arguments: [(["backend", "drain"], "default: 5m"), (["status"], "default: 60s")])
    func helpSaysHowLongIsWaited(_ words: [String], _ text: String) async {
        #expect(await CommandRun.of(words + ["--help"]).output.contains(text))
    }

    @Test func theSocketMayStandBeforeTheNoun() {
        #expect(Invocation(["--socket", "/s", "farm", "list"]).arguments == ["farm", "list"])
        #expect(Invocation(["--socket=/s", "status"]).socketPath == "/s")
        #expect(Invocation(["farm", "--socket", "/s"]).socketPath == nil)
        #expect(Invocation(["--socket"]).arguments == ["--socket"])
    }

    @Test func theFormatMayStandBeforeTheNoun() {
        #expect(Invocation(["-o", "json", "status"]).arguments == ["status", "-o", "json"])
        #expect(Invocation(["--output=json", "--socket", "/s", "farm", "list"]).arguments == ["farm", "list", "--output", "json"])
        #expect(Invocation(["-o", "json", "check", "--", "-a.yaml"]).arguments == ["check", "-o", "json", "--", "-a.yaml"])
        #expect(Invocation(["-o"]).arguments == ["-o"])
    }

    @Test func otherOptionsBeforeTheNounAreToldWhereToStand() async {
        let run = await CommandRun.of("--farm", "web", "monitor")
        #expect(run.code == 2 && run.errors.hasSuffix("--socket and -o may stand before it.\n"), "\(run)")
        #expect(await !CommandRun.of("farm", "bogus").errors.contains("may stand before"))
        #expect(await CommandRun.of("-o", "json", "--help").code == 0)
    }
}
