import FarmConfig
import Testing

/// What has to hold between keys, backends, farms and files.
@Suite struct FarmRuleTests {
    @Test func backendsAreDistinct() {
        let names = expectFaults(
            minimal("", backends: "[{ name: a, address: 10.0.0.1 }, { name: ▲a, address: 10.0.0.2 }]"), .duplicateBackend)
        #expect(names[0].related.map(\.place.description) == ["farms.d/test.yaml:3:20"])
        expectFaults(minimal("", backends: "[10.0.0.1:80, ▲10.0.0.1:80]"), .duplicateEndpoint)
        expectFaults(minimal("", backends: "[10.0.0.1:80, { name: b, address: ▲10.0.0.1, port: 80 }]"), .duplicateEndpoint)
        #expect(load(minimal("", backends: "[10.0.0.1:80, 10.0.0.1:81, 10.0.0.1]")).faults.isEmpty)
    }

    @Test func eachListenerHasABackendOfItsFamily() {
        expectFaults(minimal("", listen: "[203.0.113.1:80, ▲\"[2001:db8::1]:80\"]"), .familyWithoutBackend)
        expectFaults(minimal("", listen: "[▲203.0.113.1:80]", backends: "[\"[fd00::1]\"]"), .familyWithoutBackend)
    }

    @Test func aFaultyBackendIsNotCountedAsMissing() {
        expectFaults(minimal("", backends: "[▲10.0.0.256]"), .badAddress)
    }

    @Test func rangesFit() {
        let listen = "[203.0.113.10:30000-30100]"
        expectFaults(minimal("", listen: listen, backends: "[{ address: 10.0.0.1, port: ▲40000-40099 }]"), .portsDoNotFit)
        expectFaults(minimal("", listen: "[203.0.113.10:80]", backends: "[▲10.0.0.1:80-81]"), .portsDoNotFit)
        let wide = expectFaults(
            minimal("", listen: "[203.0.113.10:1000-1256]", backends: "[{ address: 10.0.0.1, port: ▲2000-2256 }]"), .portsDoNotFit)
        #expect(wide[0].hint == "leave the port out to keep the listener's")
        #expect(load(minimal("", listen: "[203.0.113.10:1000-1255]", backends: "[10.0.0.1:2000-2255]")).faults.isEmpty)
    }

    @Test func dsrKeepsThePort() {
        expectFaults(minimal("mode: dsr", backends: "[▲10.0.0.1:8080]"), .dsrPort)
        expectFaults(minimal("mode: dsr", listen: "[203.0.113.1:80, 203.0.113.1:443]", backends: "[▲10.0.0.1:80]"), .dsrPort)
        #expect(load(minimal("mode: dsr", backends: "[10.0.0.1, 10.0.0.2:80]")).faults.isEmpty)
    }

    @Test func sourceAddressIsForSnat() {
        expectFaults(minimal("mode: dnat\nsourceAddress: ▲203.0.113.1"), .doesNotApply)
        expectFaults(minimal("mode: dsr", backends: "[{ address: 10.0.0.1, sourceAddress: ▲10.0.0.2 }]"), .doesNotApply)
        expectFaults(minimal("sourceAddress: [203.0.113.1, ▲203.0.113.2]"), .sourceFamily)
        expectFaults(minimal("sourceAddress: ▲127.0.0.1"), .unusableAddress)
        expectFaults(minimal("sourceAddress: ▲\"2001:db8::1\""), .doesNotApply)
        expectFaults(minimal("sourceAddress: [203.0.113.1, ▲\"2001:db8::1\"]"), .doesNotApply)
        expectFaults(minimal("", backends: "[{ address: 10.0.0.1, sourceAddress: ▲\"fd00::1\" }]"), .sourceFamily)
    }

    @Test func hashIsForSchedulersThatHash() {
        expectFaults(minimal("scheduler: random\nhash: ▲[sourceAddress]"), .doesNotApply)
        expectFaults(minimal("scheduler: symhash\nhash: ▲[sourceAddress]\nhashPrefix: ▲{ ipv4: 24 }"), .doesNotApply, .doesNotApply)
        expectFaults(minimal("hash: [sourcePort]\nhashPrefix: ▲{ ipv4: 24 }"), .doesNotApply)
    }

    @Test func listenersAreUniqueInAFarm() {
        let faults = expectFaults(minimal("", listen: "[203.0.113.1:80, 203.0.113.1:80/udp, ▲203.0.113.1:79-81]"), .listenerTwice)
        #expect(faults[0].related.map(\.place.description) == ["farms.d/test.yaml:2:10"])
        expectFaults(minimal("", listen: "[{ address: 203.0.113.1, ports: [80, ▲80, ▲70-90] }]"), .listenerTwice, .listenerTwice)
        expectFaults(minimal("", listen: "[▲\"203.0.113.1:80,80\"]"), .listenerTwice)
    }

    @Test func listenersAreUniqueAmongFarms() {
        func file(_ name: String, _ listen: String) -> FarmFile {
            FarmFile(
                path: "\(name).yaml", text: Array("farm: \(name)\nlisten: [\(listen)]\nbackends: [10.0.0.1]\nhealth: { type: none }\n".utf8)
            )
        }
        let result = FarmConfig.load([
            file("a", "203.0.113.1:100-200"), file("b", "\"203.0.113.1:150,300\""), file("c", "203.0.113.1:160/udp"),
            file("d", "203.0.113.1:180-310"),
        ])
        #expect(result.farms.isEmpty)
        #expect(
            result.faults.map { "\($0.code.rawValue) \($0.place) \($0.related.map(\.place))" } == [
                "E032 b.yaml:2:10 [a.yaml:2:10]", "E032 d.yaml:2:10 [a.yaml:2:10]", "E032 d.yaml:2:10 [b.yaml:2:10]",
            ])
        #expect(result.faults[0].message == "203.0.113.1:150/tcp belongs to another farm already")
        #expect(result.faults[0].related[0].message == "203.0.113.1:100-200/tcp of farm \"a\"")
    }

    @Test func farmNamesAreUnique() {
        let faults = expectFaults(
            minimal("") + "---\n" + minimal("", listen: "[203.0.113.2:80]").replacing("farm: web", with: "farm: ▲web"), .duplicateFarm)
        #expect(faults[0].related.map(\.place.description) == ["farms.d/test.yaml:1:7"])
    }

    @Test func allFaultsOfAllFilesComeAtOnce() {
        let files = ["a", "b"].map { FarmFile(path: $0, text: Array("farm: \($0)\nquorum: 0\nlisten: [x]\n---\nfarm: [".utf8)) }
        #expect(
            FarmConfig.load(files).faults.map { "\($0.code.rawValue) \($0.place)" }
                == ["a", "b"].flatMap {
                    ["E011 \($0):1:1", "E015 \($0):2:9", "E017 \($0):3:10", "E003 \($0):5:8"]
                })
    }
}
