import NetfilterDriver
import Ruleset
import TestNamespaces
import Testing

/// What we commit lists like what `nft` makes of the same text, and `nft`'s work is recognised as ours.
@Suite struct DifferentialTests {
    @Test(arguments: Samples.all.map(\.name))
    func listingEqualsThatOfTheText(_ sample: String) throws {
        let wanted = try Samples.named(sample)
        let (ours, theirs) = (try Namespace(), try Namespace())
        let listed = try ours.inside {
            _ = try NetfilterDriver().commit(Ruleset().batch(to: wanted), expecting: nil)
            return try Shell.listing()
        }
        let loaded = try theirs.inside {
            try Shell.load(wanted.text())
            return try Shell.listing()
        }
        Self.expectSame(listed, loaded)
        for table in wanted.tables {
            for set in table.sets { #expect(listed.contains(" \(set.name) {")) }
        }
    }

    /// Line by line, so that a failure shows the line and not two listings.
    private static func expectSame(_ ours: String, _ theirs: String) {
        let difference = ours.split(separator: "\n").difference(from: theirs.split(separator: "\n"))
        #expect(difference.map { "\($0)" } == [])
    }

    @Test(arguments: Samples.all.map(\.name))
    func rulesetThatNftLoadedIsRecognised(_ sample: String) throws {
        let wanted = try Samples.named(sample)
        let namespace = try Namespace()
        try namespace.inside {
            try Shell.load(wanted.text())
            let dumped = try NetfilterDriver().dump(recognising: wanted)
            #expect(dumped.foreign == [])
            Self.expectSame(dumped.ruleset.text(), wanted.text())
            #expect(dumped.ruleset == wanted)
        }
    }

    @Test func nftTakesTheListingBack() throws {
        let (ours, theirs) = (try Namespace(), try Namespace())
        let listed = try ours.inside {
            _ = try NetfilterDriver().commit(Ruleset().batch(to: Samples.translating), expecting: nil)
            return try Shell.listing()
        }
        let again = try theirs.inside {
            try Shell.load(listed)
            return try Shell.listing()
        }
        Self.expectSame(again, listed)
    }

    /// nft 1.0.6 finds no registers for such a hash and aborts; the listing is in order all the same.
    @Test func hashOfMoreInputsThanNftCanLoad() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let selector = Samples.hash(.address(.source, .ipv6), .address(.destination, .ipv6), .port(.source), .port(.destination))
            var wanted = Samples.translating
            wanted.tables[0].chains[1].rules[0] = Rule(
                .transport(.tcp), .destinationNAT(.ipv6, Samples.slotKey(.ipv6, selector), map: "slots6-127", hasPort: true))
            let driver = try NetfilterDriver()
            _ = try driver.commit(Ruleset().batch(to: wanted), expecting: nil)
            #expect(try driver.dump(recognising: wanted).ruleset == wanted)
            #expect(try Shell.listing().contains("jhash ip6 saddr . ip6 daddr . tcp sport . tcp dport mod 127 seed 0x5eed map @slots6-127"))
        }
    }

    /// Each is gathered in the registers from its own place on, which are loaded later.
    @Test func keyOfSeveralHashesOfManyInputs() throws {
        let inputs: [KeyPart] = [
            .address(.source, .ipv6), .port(.source), .address(.destination, .ipv6), .port(.destination), .mac(.source), .mac(.destination),
        ]
        let words = (1...3).map { KeyPart.slot(.hash(inputs, modulus: .max, seed: $0)) }
        let key = Key(words + [.transport])
        let type = SetType(key: key.parts.map(\.field), value: .fields([.mac]), dynamic: .init(size: 10, timeout: 60))
        let chain = Chain(
            "remember",
            rules: [
                Rule(.remember(key, map: "flows", value: .mac(.destination), seconds: nil)), Rule(.setMAC(.destination, key, map: "flows")),
            ])
        let wanted = Ruleset(tables: [Table(family: .netdev, sets: [ElementSet(name: "flows", type: type)], chains: [chain])])
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            _ = try driver.commit(Ruleset().batch(to: wanted), expecting: nil)
            #expect(try driver.dump(recognising: wanted).ruleset == wanted)
            let hash = "jhash ip6 saddr . th sport . ip6 daddr . th dport . ether saddr . ether daddr mod 4294967295 seed"
            #expect(try Shell.listing().contains("update @flows { \(hash) 0x1 . \(hash) 0x2 . \(hash) 0x3 . meta l4proto : ether daddr }"))
        }
    }

    @Test func countersAreReadByRule() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let counting = Chain(
                "out", base: BaseChain(.filter, .output, priority: 0),
                rules: [
                    Rule(.counter), Rule(.transport(.udp), .counter, .verdict(.drop)), Rule(.verdict(.accept)),
                ])
            let driver = try NetfilterDriver()
            _ = try driver.commit(Ruleset().batch(to: Ruleset(tables: [Table(family: .inet, chains: [counting])])), expecting: nil)
            try Shell.run("ping -c 2 -i 0.01 127.0.0.1")
            let counters = try #require(driver.counters()[.inet]?["out"])
            #expect(counters.count == 3 && counters[2] == nil)
            #expect(counters[0]?.packets == 4 && counters[0]?.bytes == 4 * 84)
            #expect(counters[1]?.packets == 0)
        }
    }

    @Test func foreignRulesAndSetsAreNamed() throws {
        let namespace = try Namespace()
        try namespace.inside {
            try Shell.load(Samples.translating.text())
            try Shell.run("nft add rule inet zvnft select4 udp dport 53 counter accept")
            try Shell.run("nft 'add set inet zvnft strange { type ifname; }'")
            try Shell.run("nft 'add chain inet zvnft guard { type filter hook input priority 0; policy drop; }'")
            let dumped = try NetfilterDriver().dump(recognising: Samples.translating)
            #expect(dumped.foreign.count == 2)
            #expect(dumped.foreign.contains { $0.contains("set strange") } && dumped.foreign.contains { $0.contains("chain guard") })
            let rule = try #require(dumped.ruleset[.inet]?.chain("select4")?.rules.last)
            guard case .unknown(let text) = try #require(rule.statements.first) else {
                Issue.record("\(rule)")
                return
            }
            #expect(text.contains("payload"))
        }
    }
}
