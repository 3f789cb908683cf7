import CorpusCases
import NetfilterDriver
import Ruleset
import TestNamespaces
import Testing

/// Hashes over more than an IPv6 address and a port: our driver writes them, the kernel takes them, nft 1.0.6 aborts on them.
/// So they cannot be in the corpus, whose every case nft has to load; all else that is asked of a case is asked here.
@Suite(.serialized, .lab) struct WideHashTests {
    private let example: CorpusCase

    init() throws {
        let backends = (1...3).map { "  - { name: b\($0), address: \"fd00:1::1\($0)\", port: 8080 }\n" }.joined()
        let farm = """
            farm: web
            listen: ["[2001:db8::10]:80/tcp"]
            mode: dnat
            scheduler: hash
            hash: [sourceAddress, sourcePort, destinationAddress, destinationPort, sourceMac, destinationMac]
            backends:
            \(backends)
            """
        let packets = (2...9).map { client in
            "[2001:db8:c::\(client)]:40\(client)0 -> [2001:db8::10]:80/tcp mac 02:00:00:00:aa:0\(client)\n"
        }
        example = try CorpusCase(named: "wide-hash", farms: farm, packets: packets.joined())
    }

    @Test func kernelHoldsWhatWasCommitted() throws {
        let (lab, ruleset) = (try currentLab(), try example.ruleset())
        try Namespace.run(in: lab.balancer) {
            let kernel = try Kernel()
            try kernel.become(ruleset)
            try kernel.expectHolds(ruleset)
            let generation = try kernel.driver.generation()
            try kernel.become(ruleset)
            #expect(try kernel.driver.generation() == generation)
        }
    }

    @Test func kernelAgreesWithTheTracer() throws {
        let (lab, example) = (try currentLab(), example)
        let seen = try Namespace.run(in: lab.balancer) {
            try Kernel().become(try example.ruleset())
            return try Journey.run(lab) { try $0.fates(of: example.packets.map(\.packet)) }
        }
        let traced = try example.traced()
        #expect(seen == traced)
        #expect(Set(traced).count > 1, "packets that all go one way would show nothing: \(traced)")
    }

    /// When nft learns it, this belongs into the corpus.
    @Test func nftCannotLoadIt() throws {
        let (lab, text) = (try currentLab(), try example.ruleset().text())
        let status = try Namespace.run(in: lab.oracle) {
            try NftFile.with(text) { try Shell.attempt("nft flush ruleset && nft -c -f \($0)").status }
        }
        #expect(status != 0)
    }
}
