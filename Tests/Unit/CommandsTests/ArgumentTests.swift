import ArgumentParser
import Testing

@testable import Commands

@Suite struct ArgumentTests {
    @Test(arguments: [("100ms", 100), ("2s", 2000), ("10m", 600_000), ("1h", 3_600_000)] as [(String, Int)])
    func durationsAreReadAsInFarmFiles(_ text: String, _ milliseconds: Int) {
        #expect(TimeSpan(argument: text)?.duration == .milliseconds(milliseconds))
    }

    @Test(arguments: ["", "5", "s", "-1s", "1.5s", "5 m", "99999999999999999999s", "1d", "٣s"])
    func otherTextIsNoDuration(_ text: String) { #expect(TimeSpan(argument: text) == nil) }

    @Test func backendsAreNamedByFarmAndBackend() {
        let name = BackendName(argument: "web/[fd00:1::13]:8080")
        #expect(name?.farm == "web" && name?.backend == "[fd00:1::13]:8080")
        #expect(BackendName(argument: "web") == nil && BackendName(argument: "/a") == nil && BackendName(argument: "web/") == nil)
    }

    @Test func theSocketMayStandBeforeTheNoun() {
        #expect(Invocation(["--socket", "/s", "farm", "list"]).arguments == ["farm", "list"])
        #expect(Invocation(["--socket=/s", "status"]).socketPath == "/s")
        #expect(Invocation(["farm", "--socket", "/s"]).socketPath == nil)
        #expect(Invocation(["--socket"]).arguments == ["--socket"])
    }
}
