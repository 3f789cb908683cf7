import FarmConfig
import FarmModel
import NetTypes
import Testing

@Suite struct FarmFeatureTests {
    @Test func defaultsAreThoseOfTheModel() throws {
        let farm = try farm(minimal(""))
        let backend = Backend(name: "10.0.1.11:80", address: IPAddress(v4: 0x0A00_010B), port: PortRange(80))
        let listener = Listener(address: IPAddress(v4: 0xCB00_710A), transport: .tcp, ports: [try #require(PortRange(80))])
        #expect(farm == Farm(name: "web", listeners: [listener], backends: [backend]))
    }

    @Test(arguments: [
        ("203.0.113.10:80/tcp", "203.0.113.10:80/tcp"), ("203.0.113.10:53/udp", "203.0.113.10:53/udp"),
        ("203.0.113.10:443,80", "203.0.113.10:80,443/tcp"), ("203.0.113.10:30000-30100", "203.0.113.10:30000-30100/tcp"),
        ("{ address: 203.0.113.10, ports: 80 }", "203.0.113.10:80/tcp"),
        ("{ address: 203.0.113.10, ports: \"80\" }", "203.0.113.10:80/tcp"),
        ("{ address: 203.0.113.10, protocol: udp, ports: [443, 80-90] }", "203.0.113.10:80-90,443/udp"),
    ])
    func listenersHaveShortAndLongForms(entry: String, meaning: String) throws {
        #expect(
            try farm("farm: web\nlisten:\n  - \(entry)\nbackends: [10.0.1.11]\nhealth: { type: tcp }").listeners.map(\.description) == [
                meaning
            ])
    }

    @Test func ipv6ListenersAndBackends() throws {
        let farm = try farm(
            minimal(
                "", listen: #"["[2001:DB8::1]:80", { address: "2001:db8::2", ports: 80 }]"#, backends: #"["[fd00::1]:80", "[fd00::2]"]"#))
        #expect(farm.listeners.map(\.description) == ["[2001:db8::1]:80/tcp", "[2001:db8::2]:80/tcp"])
        #expect(farm.backends.map(\.name) == ["[fd00::1]:80", "[fd00::2]"])
        #expect(farm.backends[1].port == nil)
    }

    @Test func backendsInFull() throws {
        let entry = "{ name: a, address: 10.0.1.1, port: 8000-8010, weight: 0, priority: 2, sourceAddress: 10.0.1.254, state: drain }"
        let backend = try farm(minimal("", listen: "[203.0.113.10:9000-9010]", backends: "[\(entry)]")).backends[0]
        #expect(
            backend
                == Backend(
                    name: "a", address: IPAddress(v4: 0x0A00_0101), port: PortRange(8000, 8010), weight: 0, priority: 2,
                    sourceAddress: IPAddress(v4: 0x0A00_01FE), state: .drain))
    }

    @Test(arguments: ["dnat", "snat", "dsr", "stateless", "local"])
    func modes(name: String) throws {
        #expect(try farm(minimal("mode: \(name)")).mode.name == name)
    }

    @Test func sourceAddressesOneOrOneOfEachFamily() throws {
        #expect(try farm(minimal("sourceAddress: 203.0.113.1")).mode == .snat(source: [IPAddress(v4: 0xCB00_7101)]))
        let both = try farm(
            minimal(
                "mode: snat\nsourceAddress: [\"2001:db8::1\", 203.0.113.1]", listen: "[203.0.113.10:80, \"[2001:db8::10]:80\"]",
                backends: "[10.0.1.11, \"[fd00::1]\"]"))
        #expect(both.mode == .snat(source: [IPAddress(v4: 0xCB00_7101), IPAddress(v6: 0x2001_0DB8 << 32, 1)]))
    }

    @Test func schedulersAndTheirHash() throws {
        #expect(try farm(minimal("scheduler: round-robin")).scheduler == .roundRobin)
        #expect(try farm(minimal("scheduler: random")).scheduler == .random)
        #expect(try farm(minimal("scheduler: symhash")).scheduler == .symmetricHash)
        #expect(try farm(minimal("scheduler: least-connections")).scheduler == .leastConnections)
        #expect(try farm(minimal("scheduler: hash")).scheduler == .hash(.addressAndPort))
        #expect(try farm(minimal("hash: [sourceAddress]")).scheduler == .maglev(.address))
        let inputs = try #require(HashInputs([.sourceAddress, .destinationMac]))
        #expect(try farm(minimal("scheduler: hash\nhash: [destinationMac, sourceAddress]")).scheduler == .hash(inputs))
    }

    @Test func tableSizes() throws {
        #expect(try farm(minimal("tableSize: auto")).tableSize == .automatic)
        for size in TableSize.classes { #expect(try farm(minimal("tableSize: \(size)")).tableSize == .slots(size)) }
    }

    @Test func theRestOfAFarm() throws {
        let farm = try farm(minimal("quorum: 5\nnoBackend: pass\nstate: maintenance\nhelper: none\ndescription: 'two\n\n  lines'"))
        #expect(farm.quorum == 5 && farm.noBackend == .pass && farm.state == .maintenance && farm.description == "two\nlines")
    }

    @Test func whatAFarmCounts() throws {
        #expect(try farm(minimal("")).counters == nil)
        for counting in Counting.allCases { #expect(try farm(minimal("counters: \(counting.rawValue)")).counters == counting) }
        #expect(load(minimal("counters: everything")).faults.count == 1)
    }

    @Test func farmsAreSortedAndHaveOrigins() {
        let first = FarmFile(path: "b.yaml", text: Array("# header\nfarm: zebra\nlisten: [203.0.113.1:80]\nbackends: [10.0.0.1]\n".utf8))
        let second = FarmFile(path: "c.yaml", text: Array("---\nlisten: [203.0.113.2:80]\nbackends: [10.0.0.1]\nfarm: ant\n---\n".utf8))
        let result = FarmConfig.load([first, second])
        #expect(result.farms.map(\.name) == ["ant", "zebra"])
        #expect(result.origins["zebra"] == SourcePlace(file: "b.yaml", line: 2, column: 7, length: 5))
        #expect(result.origins["ant"]?.description == "c.yaml:4:7")
    }

    @Test(arguments: ["", "\n", " \n\n", "\u{FEFF}", "\u{FEFF}\n"])
    func anEmptyFileIsAFault(text: String) {
        #expect(load(text).farms.isEmpty && load(text).faults.map(\.message) == ["the file is empty"])
    }

    @Test(arguments: ["# nothing\n", "---\n", "---\n---\n...\n", "\u{FEFF}# nothing"])
    func aFileWithoutDocumentsHoldsNoFarms(text: String) {
        #expect(load(text).farms.isEmpty && load(text).faults.isEmpty)
    }

    @Test func aByteOrderMarkAndWindowsLineEndsAreFine() throws {
        #expect(try farm("\u{FEFF}" + minimal("state: drain").replacing("\n", with: "\r\n")).state == .drain)
    }

    @Test func rangesKeepOrMoveTheirPorts() throws {
        let listen = "[203.0.113.10:30000-30100]"
        for port in ["8080", "30000-30100", "40000-40100"] {
            #expect(
                try farm(minimal("", listen: listen, backends: "[{ address: 10.0.0.1, port: \(port) }]")).backends[0].port?.description
                    == port)
        }
        #expect(
            try farm(minimal("", listen: "[203.0.113.10:1-65535]", backends: "[{ address: 10.0.0.1, port: 1-65535 }]")).backends[0].port?
                .count == 65535)
    }
}
