import Glibc
import TestNamespaces
import Testing

@Suite(.serialized) struct PolicyTests {
    private static let vip = "203.0.113.10:80"

    private func attempts(_ network: Network, _ sources: String...) throws -> [Attempt] {
        try sources.map { try network.connect(from: $0, to: Self.vip).attempts[0] }
    }

    @Test(arguments: ["dnat", "snat", "stateless", "dsr"])
    func theFirstPolicyThatHoldsTheSourceDecides(_ mode: String) throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080", "203.0.113.10:80")
        let policies = """
            policies:
              - { name: one, action: accept, sources: [192.0.2.5] }
              - { name: some, action: drop, sources: [192.0.2.4/30, 192.0.2.10] }
              - { name: other, action: accept, sources: [192.0.2.10] }
            """
        try network.serve(WebFarm(mode: mode, more: policies).text)
        #expect(
            try attempts(network, "192.0.2.3", "192.0.2.4", "192.0.2.5", "192.0.2.7", "192.0.2.8", "192.0.2.10")
                == [.connected, .silent, .connected, .silent, .connected, .silent])
        #expect(try network.counted("guard4", "drop", "networks4") >= 3)
        #expect(try network.counted("guard4", "goto", "networks4") >= 1)
        withExtendedLifetime(servers) {}
    }

    @Test func policiesOfBothFamiliesStandSideBySide() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080", "[fd00:1::11]:8080")
        try network.serve(
            """
            farm: web
            listen: ["203.0.113.10:80/tcp", "[2001:db8::10]:80/tcp"]
            mode: dnat
            backends: [{ name: b1, address: 10.0.1.11, port: 8080 }, { name: b2, address: "fd00:1::11", port: 8080 }]
            policies: [{ name: bad, action: drop, sources: ["2001:db8:2::2/127", 192.0.2.9] }]
            """)
        #expect(try attempts(network, "192.0.2.2", "192.0.2.9") == [.connected, .silent])
        let six = try (1...4).map { try network.connect(from: "2001:db8:2::\($0)", to: "[2001:db8::10]:80").attempts[0] }
        #expect(six == [.connected, .silent, .silent, .connected])
        withExtendedLifetime(servers) {}
    }

    @Test(arguments: ["dnat", "stateless"])
    func anAcceptedSourceIsPastTheLimits(_ mode: String) throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080")
        let more = """
            policies: [{ name: office, action: accept, sources: [192.0.2.20] }]
            limits: { newConnectionsPerSource: { rate: 1/d, burst: 1 }, newConnections: { rate: 1/d, burst: 2 }, banTime: 1h }
            """
        try network.serve(WebFarm(mode: mode, more: more).text)
        #expect(try network.connect(4, from: "192.0.2.20", to: Self.vip).attempts == [.connected, .connected, .connected, .connected])
        #expect(try network.connect(2, from: "192.0.2.21", to: Self.vip).attempts == [.connected, .silent])
        #expect(try network.connect(1, from: "192.0.2.22", to: Self.vip).attempts == [.connected])
        #expect(try network.connect(1, from: "192.0.2.23", to: Self.vip).attempts == [.silent])
        #expect(try network.connect(1, from: "192.0.2.20", to: Self.vip).attempts == [.connected])
        withExtendedLifetime(servers) {}
    }

    @Test func aListFileHoldsAddressesAndNetworksOfBothFamilies() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080")
        let farm = WebFarm(more: "policies: [{ name: bad, action: drop, sources: [192.0.2.30], sourceFile: /lists/bad.txt }]").text
        try network.serve(farm, lists: ["/lists/bad.txt": "192.0.2.8/31 # two\n2001:db8::/32\n192.0.2.10\n"])
        #expect(
            try attempts(network, "192.0.2.7", "192.0.2.8", "192.0.2.9", "192.0.2.10", "192.0.2.11", "192.0.2.30")
                == [.connected, .silent, .silent, .silent, .connected, .silent])
        try network.serve(farm, lists: ["/lists/bad.txt": "192.0.2.9\n192.0.2.40/31"])
        #expect(try attempts(network, "192.0.2.8", "192.0.2.9", "192.0.2.40") == [.connected, .silent, .silent])
        withExtendedLifetime(servers) {}
    }

    /// A list that changes is elements that come and go: the rules, and what they have counted, stay.
    @Test func aListThatChangesChangesElementsAlone() throws {
        let network = try Network()
        let servers = try network.listen("10.0.1.11:8080")
        let farm = WebFarm(more: "policies: [{ name: bad, action: drop, sourceFile: /lists/bad.txt }]").text
        try network.serve(farm, lists: ["/lists/bad.txt": "192.0.2.8"])
        #expect(try attempts(network, "192.0.2.8") == [.silent])
        let (before, counted) = (network.ruleset, try network.counted("guard4", "list4"))
        try network.serve(farm, lists: ["/lists/bad.txt": "192.0.2.9"])
        let batch = before.batch(to: network.ruleset)
        #expect((batch.operations.count, batch.elementsAdded, batch.elementsRemoved) == (2, 1, 1))
        #expect(try network.counted("guard4", "list4") == counted)
        withExtendedLifetime(servers) {}
    }

    @Test func farmsWithEqualListsShareThem() throws {
        let network = try Network()
        let policies = "policies: [{ name: bad, action: drop, sources: [192.0.2.8/29], sourceFile: /lists/bad.txt }]"
        let farms = (1...5).map { WebFarm(name: "f\($0)", listen: "203.0.113.\(10 + $0):80/tcp", more: policies).text }
        try network.serve(farms.joined(separator: "\n---\n"), lists: ["/lists/bad.txt": "192.0.2.33"])
        let table = try #require(network.ruleset[.inet])
        #expect(table.sets.count { $0.name.hasPrefix("networks4-") || $0.name.hasPrefix("list4-") } == 2)
        #expect(table.chains.count { $0.name.hasPrefix("guard4-") } == 1)
    }
}
