import FarmModel
import NetTypes
import Testing

@testable import FarmConfig

@Suite struct PolicyTests {
    private func sources(_ entries: String) throws -> [String] {
        try farm(minimal("policies: [{ name: p, action: drop, sources: [\(entries)] }]")).policies[0].sources.map(\.description)
    }

    @Test func inTheOrderOfTheFile() throws {
        let policies = try farm(
            minimal(
                """
                policies:
                  - { name: office, action: accept, sources: [198.51.100.0/24] }
                  - { name: bad, action: drop, sourceFile: lists/bad.txt, log: 1/s }
                """)
        ).policies
        let office = try #require(AddressRange(IPAddress(v4: 0xC633_6400), IPAddress(v4: 0xC633_64FF)))
        #expect(
            policies == [
                Policy(name: "office", action: .accept, sources: [office]),
                Policy(name: "bad", action: .drop, sourceFile: "farms.d/lists/bad.txt", log: Rate(1, per: .second)),
            ])
    }

    @Test(arguments: [("a.yaml", "l.txt", "l.txt"), ("/etc/f/a.yaml", "../l.txt", "/etc/f/../l.txt"), ("d/a.yaml", "/abs/l", "/abs/l")])
    func listsStandBesideTheFarmFile(file: String, name: String, path: String) throws {
        let result = load(minimal("policies: [{ name: p, action: drop, sourceFile: \(name) }]"), path: file)
        #expect(result.farms.first?.policies.first?.sourceFile == path)
    }

    @Test func sourcesAreCanonical() throws {
        #expect(try sources("10.0.0.0/8, 10.1.0.0/16, 192.0.2.7") == ["10.0.0.0-10.255.255.255", "192.0.2.7"])
        #expect(
            try sources("192.0.2.129, 192.0.2.0/25, 192.0.2.128, \"2001:db8::/32\"") == [
                "192.0.2.0-192.0.2.129", "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
            ])
        #expect(
            try sources("0.0.0.0/0, 255.255.255.255, \"::/0\"") == [
                "0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
            ])
    }

    @Test(arguments: [
        ("198.51.100.7/24", "write 198.51.100.0/24, or 198.51.100.7 for one address"),
        ("\"2001:db8::1/32\"", "write 2001:db8::/32, or 2001:db8::1 for one address"),
        ("10.0.0.0/33", "a number from 0 to 32 after the slash"), ("\"fd00::/129\"", "a number from 0 to 128 after the slash"),
        ("10.0.0.0/255.0.0.0", "write it as a number of bits: /24"), ("10.0.0.0/08", "a number from 0 to 32 after the slash"),
        ("10.0.0.0/", "a number from 0 to 32 after the slash"), ("10.0.0.1-10.0.0.9", "write a range as prefixes"),
        ("\"::ffff:10.0.0.1\"", "write 10.0.0.1"), ("web.example", "names are not resolved; write it as 10.0.1.11 or \"2001:db8::11\""),
    ])
    func networksAreExact(text: String, hint: String) {
        #expect(
            expectFaults(minimal("policies: [{ name: p, action: drop, sources: [▲\(text)] }]"), .badNetwork).first?.hint == hint)
    }

    @Test func policiesAreWhole() {
        expectFaults(minimal("policies: [▲{ name: p, action: drop }]"), .missingKey)
        expectFaults(
            minimal("policies: [{ ▲▲sources: [10.0.0.0/8] }, { name: p, action: ▲reject, sources: [10.0.0.0/8] }]"), .missingKey,
            .missingKey,
            .unknownWord)
        expectFaults(minimal("policies: [{ name: ▲a b, action: drop, sources: ▲[], log: ▲5 }]"), .badName, .missingKey, .badRate)
        expectFaults(minimal("policies: ▲[]"), .missingKey)
    }

    @Test func namesAreUnique() {
        let policy = "action: drop, sources: [10.0.0.0/8] }"
        let faults = expectFaults(minimal("policies: [{ name: p, \(policy), { name: ▲p, \(policy)]"), .duplicatePolicy)
        #expect(faults[0].related.map(\.place.description) == ["farms.d/test.yaml:4:20"])
    }
}
