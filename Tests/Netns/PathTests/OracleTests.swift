import NetfilterDriver
import Ruleset
import TestNamespaces
import Testing

/// nft takes the text of every feature, and makes of it what our driver makes of the ruleset; what the kernel then holds is what we meant.
@Suite(.serialized) struct OracleTests {
    private static let everyLimit = """
        limits:
          newConnections: { rate: 20000/s, burst: 5000 }
          newConnectionsPerSource: { rate: 50/m, burst: 100 }
          resetsPerSource: { rate: 20/s }
          tcpStrict: true
          banTime: 10m
        policies:
          - { name: office, action: accept, sources: [198.51.100.0/24, "2001:db8:1::/48"], log: 1/s }
          - { name: bad, action: drop, sources: [192.0.2.0/25, 192.0.2.200], sourceFile: /lists/bad.txt, log: 1/s }
          - { name: worse, action: drop, sourceFile: /lists/worse.txt }
          - { name: edge, action: drop, sources: [0.0.0.0/8, 240.0.0.0/4, "::/16", "ff00::/8"] }
          - { name: everybody, action: accept, sources: [0.0.0.0/0, "::/0"] }
        log: { connections: 10/s, prefix: "web: " }
        mark: 0x100
        """
    private static let list = "10.0.0.0/8\n2001:db8:ffff::/48\n192.168.7.7\n"

    private static func farm(_ mode: String, ports: String, _ more: String) -> String {
        """
        farm: web
        listen:
          - { address: 203.0.113.10, protocol: tcp, ports: \(ports) }
          - { address: 203.0.113.10, protocol: udp, ports: \(ports) }
          - { address: "2001:db8::10", protocol: tcp, ports: \(ports) }
        mode: \(mode)
        backends:
          - { name: b1, address: 10.0.1.11\(mode == "dnat" ? ", connectionLimit: 5000, mark: 0x2" : "") }
          - { name: b2, address: "fd00:1::11"\(mode == "dnat" ? ", connectionLimit: 70" : "") }
        health: { type: none }
        \(everyLimit)
        \(more)
        """
    }

    @Test(arguments: ["dnat", "stateless", "dsr"], ["80", "[80, 443]", "30000-30100", "[80, 30000-30100]"])
    func nftAndOurDriverMakeTheSame(_ mode: String, _ ports: String) throws {
        let network = try Network()
        let helper = mode == "dnat" ? "helper: ftp" : ""
        try network.serve(Self.farm(mode, ports: ports, helper), lists: ["/lists/bad.txt": Self.list, "/lists/worse.txt": Self.list])
        try network.expectHoldsWhatIsServed()
        let wanted = network.ruleset
        let ours = try network.listing(of: wanted)
        let text = wanted.text()
        let theirs = try network.balancer.inside {
            try Shell.run("nft flush ruleset; nft delete table inet zvnft 2>/dev/null; nft delete table netdev zvnft 2>/dev/null; true")
            try Shell.load(text)
            return try Shell.listing()
        }
        // What nft lists but does not read stands as a remark in our text, word for word.
        let (listed, beyond) = (Self.lines(ours).filter { !Self.isBeyondNft($0) }, Self.lines(ours).filter(Self.isBeyondNft))
        #expect(listed.difference(from: Self.lines(theirs)).map { "\($0)" } == [])
        let remarks = text.split(separator: "\n").filter { $0.contains(Rule.remark) }
        #expect(remarks.map { String($0.replacing(Rule.remark, with: "")) } == beyond.map(String.init))
    }

    /// Of what an ICMP error quotes nft knows no types.
    private static func isBeyondNft(_ line: Substring) -> Bool {
        line.contains("@th,") && !line.contains("@th,64,8 0x45")
    }

    private static func lines(_ listing: String) -> [Substring] {
        listing.split(separator: "\n").map {
            $0.hasPrefix("table ") ? $0.prefix { $0 != "#" }.split(separator: " ").joined(separator: " ")[...] : $0
        }
    }
}

extension Network {
    fileprivate func expectHoldsWhatIsServed() throws {
        let ruleset = ruleset
        let (operations, foreign) = try balancer.inside {
            let kernel = try NetfilterDriver()
            let held = try kernel.dump(recognising: ruleset)
            return (held.ruleset.batch(to: ruleset).operations.map { "\($0)" }, held.foreign)
        }
        #expect(operations == [])
        #expect(foreign == [])
    }

    /// From nothing, as a listing stands in the order of creation.
    fileprivate func listing(of wanted: Ruleset) throws -> String {
        try become(Ruleset())
        try become(wanted)
        return try balancer.inside { try Shell.listing() }
    }
}
