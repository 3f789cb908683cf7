import FarmConfig
import Testing

@Suite struct FaultPlaceTests {
    @Test func wrongTypes() {
        expectFaults("▲- farm: web", .wrongType)
        expectFaults("▲web", .wrongType)
        expectFaults(minimal("quorum: ▲[1]\nstate: ▲{ a: b }\ndescription: ▲[x]"), .wrongType, .wrongType, .wrongType)
        expectFaults(minimal("quorum: ▲\"1\""), .wrongType)
        expectFaults(minimal("scheduler:▲"), .wrongType)
        expectFaults("farm: web\nlisten: ▲203.0.113.1:80\nbackends: ▲{ a: b }", .wrongType, .wrongType)
        expectFaults("farm: web\nlisten: [▲[203.0.113.1:80]]\nbackends: [▲[1]]", .wrongType, .wrongType)
        expectFaults(minimal("▲[a]: b"), .wrongType)
    }

    @Test func missingKeys() {
        expectFaults("▲▲description: x\nfarm: web", .missingKey, .missingKey)
        expectFaults("▲listen: [203.0.113.1:80]\nbackends: [10.0.0.1]", .missingKey)
        expectFaults("farm: web\nlisten: ▲[]\nbackends: ▲[]", .missingKey, .missingKey)
        expectFaults(minimal("", listen: "[{ ▲ports: 80 }, { ▲address: 203.0.113.1 }]"), .missingKey, .missingKey)
        expectFaults(minimal("", backends: "[{ ▲port: 80 }]"), .missingKey)
        expectFaults("▲▲▲{}", .missingKey, .missingKey, .missingKey)
    }

    @Test func unknownKeysAreSuggested() {
        let faults = expectFaults(
            minimal("▲sheduler: maglev\n▲weight: 1\n▲zzzzzz: 1\n▲<<: { a: b }"), .unknownKey, .unknownKey, .unknownKey, .unknownKey)
        #expect(faults[0].hint == "did you mean \"scheduler\"?" && faults[0].explainKey == "farm.scheduler")
        #expect(faults[1].hint == "it belongs to farm.backends.weight")
        #expect(faults[2].hint?.hasPrefix("known here: farm, description, listen") == true && faults[2].explainKey == "farm")
        #expect(faults[3].hint == "merge keys are not supported: write the keys out")
    }

    @Test(arguments: [
        "health: { type: ▲agent }"
    ])
    func whatIsNotDecodedYetIsRefused(line: String) {
        let faults = expectFaults(minimal(line), .notSupportedYet)
        #expect(faults.first?.message.hasSuffix("is not supported yet") == true)
    }

    @Test func otherProtocolsAreRefused() {
        let faults = expectFaults(
            minimal("", listen: "[{ address: 203.0.113.1, protocol: ▲icmp, ports: 80 }, ▲203.0.113.1:80/dccp]"), .unknownWord, .unknownWord)
        #expect(faults.map(\.hint) == ["one of tcp, udp, sctp or all", "tcp, udp, sctp or all"])
    }

    @Test func wordsAreSuggested() {
        let faults = expectFaults(
            minimal("mode: ▲dnta\nscheduler: ▲fastest\nhash: [▲sourceAdress]\nstate: ▲Ready"), .unknownWord, .unknownWord, .unknownWord,
            .unknownWord)
        #expect(
            faults.map(\.hint) == [
                "did you mean \"dnat\"?", "one of maglev, round-robin, random, hash, symhash or least-connections",
                "did you mean \"sourceAddress\"?",
                "did you mean \"ready\"?",
            ])
        expectFaults(minimal("hash: [sourcePort, ▲sourcePort]"), .unknownWord)
        expectFaults(minimal("", listen: "[▲203.0.113.1:80/tpc]"), .unknownWord)
    }

    @Test func numbersHaveBounds() {
        expectFaults(minimal("quorum: ▲0\ntableSize: ▲128"), .badNumber, .badNumber)
        expectFaults(minimal("", backends: "[{ address: 10.0.0.1, weight: ▲1001, priority: ▲0 }]"), .badNumber, .badNumber)
        expectFaults(minimal("quorum: ▲1.5"), .badNumber)
        expectFaults(minimal("quorum: ▲99999999999999999999999"), .badNumber)
        expectFaults(minimal("quorum: ▲many"), .badNumber)
    }

    @Test func addresses() {
        for text in [
            "10.0.0", "10.0.0.256", "010.0.0.1", "web.example", "10.0.0.1/24", "\"fe80::1%eth0\"", "\"[fd00::1]\"", "10.0.0.1:80",
            "\"10.0.0.1\\0\"",
        ] {
            expectFaults(minimal("", backends: "[10.0.1.1, { address: ▲\(text) }]"), .badAddress)
        }
        for text in [
            "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "\"::\"", "\"::1\"", "\"ff02::1\"", "\"fe80::1\"",
            "\"::ffff:10.0.0.1\"",
        ] {
            expectFaults(minimal("", listen: "[203.0.113.1:80, { address: ▲\(text), ports: 80 }]"), .unusableAddress)
            expectFaults(minimal("", backends: "[10.0.1.1, { address: ▲\(text) }]"), .unusableAddress)
        }
        for text in ["\"fd00::1\"", "\"fd00::1:80\"", "\"[fd00::1\"", "\"[fd00::1]80\"", "\"[10.0.0.1]:80\"", "x:80"] {
            expectFaults(minimal("", backends: "[10.0.1.1, ▲\(text)]"), .badAddress)
        }
    }

    @Test func mappedAddressesNameTheRemedy() {
        let faults = expectFaults(minimal("", backends: "[10.0.1.1, { address: ▲\"::ffff:10.0.0.1\" }]"), .unusableAddress)
        #expect(faults.first?.hint == "write 10.0.0.1")
    }

    @Test func ports() {
        for text in ["0", "65536", "90-80", "80-", "x", "\"-80\"", "1-2-3"] {
            expectFaults(minimal("", listen: "[{ address: 203.0.113.1, ports: ▲\(text) }]"), .badPort)
            expectFaults(minimal("", backends: "[{ address: 10.0.0.1, port: ▲\(text) }]"), .badPort)
        }
        expectFaults(minimal("", listen: "[▲203.0.113.1, ▲\"203.0.113.1:\", ▲203.0.113.1:99999]"), .badPort, .badPort, .badPort)
        expectFaults(minimal("", backends: "[▲10.0.0.1:0]"), .badPort)
    }

    @Test func names() {
        for name in ["-a", "a b", "a/b", "\"\"", "é", String(repeating: "x", count: 49)] {
            expectFaults("farm: ▲\(name)\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]", .badName)
        }
        expectFaults(minimal("", backends: "[{ name: ▲a/b, address: 10.0.0.1 }]"), .badName)
        expectFaults(minimal("description: ▲\"a\\e[31m\""), .badText)
    }
}
