import FarmModel
import HealthPolicy
import NetTypes
import Testing

@testable import Reconciling

@Suite struct VerdictFileTests {
    private func target(_ text: String, _ check: HealthCheck) throws -> ProbeTarget {
        let endpoint = try #require(Endpoint(text))
        return ProbeTarget(address: endpoint.address, port: endpoint.port, check: check)
    }

    @Test func whatIsWrittenIsRead() throws {
        let verdicts: [ProbeTarget: Verdict] = [
            try target("10.0.0.1:80", HealthCheck()): .up, try target("[fd00::1]:80", HealthCheck()): .down,
            try target("10.0.0.1:80", HealthCheck(kind: .http(HTTPCheck(path: "/a b", expectBody: "two\nlines \"quoted\"")))): .down,
            try target("10.0.0.9:80", HealthCheck()): .unknown,
        ]
        let file = try #require(VerdictFile(VerdictFile.octets(of: verdicts, at: 1_234)))
        let known = verdicts.filter { $0.value != .unknown }
        #expect(file.at == 1_234)
        #expect(file.verdicts == Dictionary(uniqueKeysWithValues: known.map { ($0.key.identityText, $0.value) }))
    }

    @Test func intervalsAreNoPartOfWhatIsRemembered() throws {
        let checks = [HealthCheck(), HealthCheck(interval: .milliseconds(100), rise: 9)]
        #expect(Set(try checks.map { try target("10.0.0.1:80", $0).identityText }).count == 1)
    }

    @Test func eachPartOfTheQuestionIs() throws {
        let questions = [
            HTTPCheck(), HTTPCheck(method: "HEAD"), HTTPCheck(path: "/x"), HTTPCheck(host: "x"), HTTPCheck(expectStatus: [200...200]),
            HTTPCheck(expectBody: "x"),
        ]
        let texts = try questions.map { try target("10.0.0.1:80", HealthCheck(kind: .http($0))).identityText }
        #expect(Set(texts).count == questions.count)
    }

    @Test(arguments: ["", "x\nup tcp 10.0.0.1:80\n", "12\nbetter tcp 10.0.0.1:80\n", "12\nup\n", "{\"at\":12}"])
    func garbageIsNothing(text: String) { #expect(VerdictFile(Array(text.utf8)) == nil) }
}
