import FarmModel
import NetTypes
import ReconcilePolicy
import Testing

@Suite struct BlastRadiusTests {
    /// Farms by name, each with the ports at which it listens: `a:80,443 b:80`. Ports stand for addresses, too.
    private static func farms(_ text: String) throws -> [Farm] {
        try text.split(separator: " ").map { farm in
            let parts = farm.split(separator: ":")
            let listeners = try parts[1].split(separator: ",").map { port in
                Listener(
                    address: IPAddress(v4: 0xCB00_710A), transport: .tcp, ports: [try #require(UInt16(port).flatMap { PortRange($0) })])
            }
            return Farm(name: String(parts[0]), listeners: listeners, backends: [])
        }
    }

    private static let ten = "a:1 b:2 c:3 d:4 e:5 f:6 g:7 h:8 i:9 j:10"

    @Test(arguments: [
        (ten, "a:1 b:2 c:3 d:4", true, "six of ten"),
        (ten, "a:1 b:2 c:3 d:4 e:5", false, "half of ten"),
        (ten, "a:1 b:2 c:3 d:4 e:5 f:6 g:7 h:8 i:9", false, "one of ten"),
        (ten, "", true, "all of ten"),
        ("a:1", "", true, "the only farm"),
        ("a:1 b:2", "", true, "both farms"),
        ("a:1 b:2", "b:2", false, "one of two"),
        ("a:1 b:2 c:3", "c:3", false, "two of three"),
        ("a:1 b:2", "x:3 y:4", true, "the files of another place"),
        ("a:1 b:2", "x:3", true, "one farm instead of two others"),
        ("a:1 b:2", "x:2", false, "renamed, and one listener stays"),
        ("a:80,443", "a:8080,8443", false, "the only farm moves"),
        ("a:80", "b:8080", false, "the only farm is renamed and moves"),
        ("a:1 b:2 c:3", "a:4 b:5 c:6", false, "all move and keep their names"),
        ("", "", false, "nothing stays nothing"),
        ("", "a:1", false, "the first farm"),
    ])
    func whatIsMoreOftenAMistakeThanAWishWantsForce(_ before: String, _ after: String, _ isHeldBack: Bool, _ words: String) throws {
        let radius = BlastRadius(from: try Self.farms(before), to: try Self.farms(after))
        #expect(radius.isExceeded == isHeldBack, "\(words)")
    }

    @Test func theRemedySaysWhatWouldGo() throws {
        let all = BlastRadius(from: try Self.farms("a:80"), to: [Farm]())
        #expect(all.remedy.hasPrefix("the only listener would go and nothing be served any more; if that is meant, `lbctl apply --force`"))
        let most = BlastRadius(from: try Self.farms(Self.ten), to: try Self.farms("a:1"))
        #expect(most.remedy.hasPrefix("9 of 10 listeners would go"))
    }
}
