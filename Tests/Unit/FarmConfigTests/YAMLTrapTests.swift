import FarmConfig
import Testing

/// YAML that means something else than it looks like, and text that is no YAML.
@Suite struct YAMLTrapTests {
    @Test(arguments: ["on", "no", "yes", "Off", "true", "null", "~", "12", "0x1F", "22:22", "1e3", "1_000", ".5", "0644", "-1.5", "y"])
    func wordsThatAreNoTextNeedQuotes(word: String) throws {
        let faults = expectFaults(minimal("description: ▲\(word)"), .yamlTrap)
        #expect(faults[0].hint == "put it in quotes: \"\(word)\"")
        expectFaults("farm: ▲\(word)\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]", .yamlTrap)
        expectFaults(minimal("state: ▲\(word)"), .yamlTrap)
        #expect(try farm(minimal("description: \"\(word)\"")).description == word)
    }

    @Test(arguments: ["0644", "0o17", "0x50", "0b11", "22:22", "on"])
    func numbersInOtherBasesAreRefused(number: String) {
        expectFaults(minimal("quorum: ▲\(number)"), .yamlTrap)
        expectFaults(minimal("tableSize: ▲\(number)"), .yamlTrap)
        expectFaults(minimal("", listen: "[{ address: 203.0.113.1, ports: ▲\(number) }, ▲\(number)]"), .yamlTrap, .yamlTrap)
        expectFaults(minimal("", backends: "[{ address: 10.0.0.1, port: ▲\(number) }]"), .yamlTrap)
    }

    @Test(arguments: ["2024-web", "1.2.3", "a:b-on", "10.0.0.1-x", "e3", "0xyz", "on-call"])
    func textThatOnlyBeginsLikeANumberIsText(text: String) throws {
        #expect(try farm(minimal("description: \(text)")).description == text)
    }

    @Test func unquotedIPv6IsNamed() {
        for (text, address) in [
            (minimal("", listen: "[{ address: ▲::1, ports: 80 }]"), "::1"), (minimal("", listen: "[▲[::]:80]"), "[::]:80"),
            ("farm: web\nlisten:\n  - ▲[2001:db8::1]:80\nbackends: [10.0.0.1]", "[2001:db8::1]:80"),
            (minimal("", listen: "[{ address: ▲fd00::, ports: 80 }]"), "fd00::"),
            (minimal("", backends: "[10.0.0.1, ▲[fd00::1]:80]"), "[fd00::1]:80"),
        ] {
            let faults = expectFaults(text, .yamlTrap)
            #expect(faults[0].hint == "put it in quotes: \"\(address)\"")
        }
    }

    @Test func duplicateKeysNameBothPlaces() {
        let faults = expectFaults(
            minimal("mode: dnat\n▲mode: snat\nquorum: 1\n▲'quorum': 2\n▲quorum: 3"), .duplicateKey, .duplicateKey, .duplicateKey)
        #expect(faults.map { $0.related.map { "\($0.place.line):\($0.place.column)" } } == [["4:1"], ["6:1"], ["6:1"]])
        #expect(faults[1].place.length == 8)
        let inner = expectFaults(
            minimal("▲nope: 1", backends: "[{ address: 10.0.0.1, port: 1, ▲port: 2 }, { port: 80, address: 10.0.0.2 }]"), .duplicateKey,
            .unknownKey)
        #expect(inner[0].related[0].place.column == 33)
        expectFaults(
            minimal("") + "---\n" + minimal("quorum: ▲0", listen: "[203.0.113.2:80]").replacing("farm: web", with: "farm: b\n▲farm: b"),
            .duplicateKey, .badNumber)
    }

    @Test func anchorsAliasesAndTagsAreRefused() {
        expectFaults(
            "farm: ▲&name web\nlisten: [203.0.113.1:80]\nbackends: [▲!secret 10.0.0.1]", .aliasOrTag,
            .aliasOrTag)
        expectFaults("farm: web\nlisten: ▲&l [203.0.113.1:80]\nbackends: *l", .aliasOrTag)
        expectFaults("farm: web\nlisten: ▲*nowhere", .aliasOrTag)
        expectFaults(minimal("quorum: ▲!!int 3"), .aliasOrTag)
    }

    @Test func anAliasBombCostsNothing() {
        var bomb = "a0: &a0 [x, x]\n"
        for level in 1...40 { bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        #expect(load(bomb + "? *a40\n: x\n").faults.map(\.code) == [.aliasOrTag])
        let short = bomb.split(separator: "\n").prefix(15).joined(separator: "\n")
        #expect(Set(load(short + "\n? *a14\n: x\n").faults.map(\.code)) == [.aliasOrTag])
    }

    @Test(arguments: [
        ("farm: web\n\tlisten: x", FaultCode.tabIndent, "2:1"), ("farm: web\nlisten:\n  \t- x", .tabIndent, "3:3"),
        ("farm: a: b", .yamlSyntax, "1:8"), ("farm: [a, b", .yamlSyntax, "1:12"), ("farm: \"a\nb\n", .yamlSyntax, "2:2"),
        ("farm: web\n mode: x", .yamlSyntax, "2:6"), ("farm: @x", .yamlSyntax, "1:7"), ("farm: web\nb\nc: 2", .yamlSyntax, "3:1"),
        ("%YAML 3.0\n---\nfarm: web", .yamlSyntax, "1:1"), ("farm: \"\\ud800\"", .yamlSyntax, "1:10"),
        ("farm: \"é\" x", .yamlSyntax, "1:11"),
    ])
    func syntax(text: String, code: FaultCode, place: String) {
        let result = load(text)
        #expect(result.faults.map { "\($0.code) \($0.place.line):\($0.place.column)" } == ["\(code) \(place)"], "\(result.faults)")
    }

    @Test func bytesThatAreNoText() {
        func places(_ bytes: [UInt8]) -> [String] {
            FarmConfig.load([FarmFile(path: "f", text: bytes)]).faults.map { "\($0.code.rawValue) \($0.place)" }
        }
        #expect(places([0x61, 0x0A, 0xC3, 0xA9, 0xFF, 0x61]) == ["E002 f:2:2"])
        #expect(places(Array("a: b\nc\u{0}d".utf8)) == ["E002 f:2:2"])
        #expect(places(Array("é: \u{7F}".utf8)) == ["E002 f:1:4"])
        #expect(places(Array("a: \u{85}b".utf8)) == ["E002 f:1:4"])
        #expect(places(Array("a: b\n\u{FEFF}c: d".utf8)) == ["E002 f:2:1"])
        #expect(places([0xFF, 0xFE, 0x61, 0x00]) == ["E002 f:1:1"])
        #expect(places([0xE2, 0x82]) == ["E002 f:1:1"])
    }

    @Test func sizeAndDepthAreBounded() {
        let large = FarmConfig.load([FarmFile(path: "f", text: [UInt8](repeating: 0x23, count: (16 << 20) + 1))])
        #expect(large.faults.map(\.code) == [.fileTooLarge])
        func nested(_ open: String, _ close: String, _ count: Int) -> [String] {
            load("x: " + String(repeating: open, count: count) + String(repeating: close, count: count)).faults.map {
                "\($0.code) \($0.place.column)"
            }
        }
        #expect(nested("[", "]", 63) == ["unknownKey 1", "missingKey 1", "missingKey 1", "missingKey 1"].sorted(by: >))
        #expect(nested("[", "]", 64) == ["tooDeep 67"])
        #expect(nested("[", "]", 5000).first?.hasPrefix("tooDeep") == true)
        #expect(nested("{a: ", "}", 5000).first?.hasPrefix("tooDeep") == true)
        #expect(load(String(repeating: "- ", count: 5000) + "x").faults.map(\.code) == [.tooDeep])
        #expect(load(String(repeating: "? ", count: 5000) + "x").faults.map(\.code) == [.tooDeep])
    }

    @Test func countsAreBounded() {
        let many = (0...4096).map { "10.\($0 / 65536).\($0 / 256).\($0 % 256)" }.joined(separator: ", ")
        expectFaults(minimal("", backends: "▲[10.9.9.9, \(many)]"), .tooMany)
        let faults = load(minimal((0..<2000).map { "key\($0): 1" }.joined(separator: "\n"))).faults
        #expect(faults.count == 1001 && faults.last?.code == .moreFaults)
    }
}
