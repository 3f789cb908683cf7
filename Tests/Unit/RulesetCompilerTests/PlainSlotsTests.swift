import FarmModel
import NetTypes
import Ruleset
import Testing

@testable import RulesetCompiler

/// Which selection is asked before the dispatch, and how dsr frames find their way out.
@Suite struct PlainSlotsTests {
    private let back = NetworkDevice(index: 3, name: "back")
    private let side = NetworkDevice(index: 4, name: "side")

    private func mac(_ number: UInt8) throws -> MACAddress { try #require(MACAddress(octets: [2, 0, 0, 0, 0, number])) }

    private func farm(_ number: Int, _ scheduler: Scheduler = .maglev(.addressAndPort), _ change: (inout Farm) -> Void = { _ in }) throws
        -> Farm
    {
        let listener = Listener(address: IPAddress(v4: UInt32(0xCB00_7100 + number)), transport: .tcp, ports: [try #require(PortRange(80))])
        let backends = (1...2).map { Backend(name: "b\($0)", address: IPAddress(v4: UInt32(0x0A00_0100 + 2 * number + $0))) }
        var farm = Farm(name: "f\(number)", listeners: [listener], mode: .dsr, backends: backends)
        farm.scheduler = scheduler
        change(&farm)
        return farm
    }

    private func table(_ farms: [Farm], _ hops: (Backend, Int) throws -> NextHop) throws -> Table {
        try #require(compiler(farms, hops).ruleset[.netdev])
    }

    private func compiler(_ farms: [Farm], _ hops: (Backend, Int) throws -> NextHop) throws -> RulesetCompiler {
        let compiled = try farms.map { farm in
            let conditions = try farm.backends.enumerated().map {
                BackendCondition(isUsable: true, weight: 1, nextHop: try hops($0.element, $0.offset))
            }
            return (farm.name, CompiledFarm(FarmPlan(farm), conditions))
        }
        let front = NetworkDevice(index: 2, name: "front")
        return RulesetCompiler(farms: Dictionary(uniqueKeysWithValues: compiled), environment: Environment(ingressDevices: [front]))
    }

    private func compiler(_ farms: [Farm]) throws -> RulesetCompiler {
        try compiler(farms) { _, index in NextHop(destination: try mac(UInt8(10 + index)), device: back, source: try mac(1)) }
    }

    private func table(_ farms: [Farm]) throws -> Table { try #require(compiler(farms).ruleset[.netdev]) }

    /// The maps that a packet is looked up in before the dispatch.
    private func askedFirst(_ table: Table) -> [String] {
        let rules = table.chain("ingress-front")?.rules ?? []
        return rules.flatMap(\.lookups).map(\.1).filter { $0.hasPrefix("plain-") }
    }

    @Test func theSelectionOfMoreThanHalfOfTheListenersIsAskedFirst() throws {
        let usual = try (0..<3).map { try farm($0) }
        let other = try (3..<5).map { try farm($0, .maglev(.address)) }
        #expect(askedFirst(try table(usual + other)) == ["plain-select4-179-hash-saddr-sport"])
        #expect(askedFirst(try table(Array(usual[1...]) + other)) == [])
        #expect(askedFirst(try table(Array(usual[2...]) + other)) == ["plain-select4-179-hash-saddr"])
    }

    /// Thousands of farms may be loaded when one more tips the scale.
    @Test func theChoiceMovesNoElement() throws {
        let farms = try [farm(0), farm(1), farm(2, .maglev(.address)), farm(3, .maglev(.address))]
        let (before, after) = (try table(Array(farms[1...])), try table(Array(farms[..<3])))
        #expect(askedFirst(before) != askedFirst(after))
        for set in before.sets {
            for name in ["f1", "f2"] { #expect(after.set(set.name)?.fragments[name] == set.fragments[name], "\(set.name)") }
        }
    }

    @Test func farmsWithWishesAreNotInIt() throws {
        let plain = try (0..<3).map { try farm($0) }
        let limited = try farm(3) { $0.limits.newConnections = Rate(5, per: .second) }
        let table = try table(plain + [limited])
        let map = try #require(table.set("plain-select4-179-hash-saddr-sport"))
        #expect(map.fragments["f0"]?.count == 179)
        #expect(map.fragments["f3"]?.isEmpty ?? true)
        #expect(table.set("slots4-179")?.fragments["f3"]?.count == 179)
    }

    /// Of tracked connections the first packet comes by; who has more to ask of it is not in the map.
    @Test func trackedFarmsAreAskedFirstUnlessTheyHaveWishes() throws {
        let plain = try (0..<6).map { number in try farm(number) { $0.mode = .dnat } }
        let proxied = try farm(6) { ($0.mode, $0.limits.synProxy) = (.dnat, true) }
        let limited = try farm(7) { ($0.mode, $0.limits.newConnections) = (.dnat, Rate(5, per: .second)) }
        let remembered = try farm(8) { ($0.mode, $0.persistence) = (.dnat, Persistence(key: .address, timeout: .seconds(60))) }
        let table = try #require(compiler(plain + [proxied, limited, remembered]).ruleset[.inet])
        let rules = try #require(table.chain("prerouting")?.rules)
        let map = "plain-select4-179-hash-saddr-sport"
        #expect(rules.first?.lookups.map(\.1) == [map])
        for farm in plain { #expect(table.set(map)?.fragments[farm.name]?.count == 179) }
        for farm in [proxied, limited, remembered] {
            #expect(table.set(map)?.fragments[farm.name]?.isEmpty ?? true, "\(farm.name)")
            #expect(table.set("slots4-179")?.fragments[farm.name]?.count == 179, "\(farm.name)")
        }
    }

    /// Frames meet the rules of one table, first packets those of the other.
    @Test func eachTableCountsItsOwn() throws {
        let (direct, tracked) = (try (0..<3).map { try farm($0, .maglev(.address)) }, try farm(3) { $0.mode = .dnat })
        let ruleset = try compiler(direct + [tracked]).ruleset
        #expect(ruleset[.inet]?.chain("prerouting")?.rules.first?.lookups.map(\.1) == ["plain-select4-179-hash-saddr-sport"])
        #expect(askedFirst(try #require(ruleset[.netdev])) == ["plain-select4-179-hash-saddr"])
    }

    @Test func turnsAndRangesAreLeftToTheDispatch() throws {
        let range = [try #require(PortRange(8000, 8099))]
        let farms = try [
            farm(0, .roundRobin), farm(1) { $0.listeners[0] = Listener(address: $0.listeners[0].address, transport: .tcp, ports: range) },
        ]
        #expect(askedFirst(try table(farms)) == [])
    }

    @Test func oneDeviceNeedsNoMap() throws {
        let table = try table([try farm(0)])
        #expect(table.set(Direct.deviceMap) == nil)
        #expect(table.chain("ingress-front")?.rules[1].statements.last == .forwardOut(back))
    }

    @Test func severalDevicesAreToldByTheMAC() throws {
        let table = try table([try farm(0)]) { _, index in
            NextHop(destination: try mac(UInt8(10 + index)), device: index == 0 ? back : side, source: try mac(1))
        }
        #expect(table.set(Direct.deviceMap)?.count == 2)
        #expect(table.set(Direct.destinationMap) == nil)
    }

    @Test func oneMACBehindTwoDevicesIsLabelled() throws {
        let farm = try farm(0)
        let hops = Dictionary(
            uniqueKeysWithValues: try farm.backends.enumerated().map {
                ($0.element.address, NextHop(destination: try mac(10), device: $0.offset == 0 ? back : side, source: try mac(1)))
            }
        ).tellingDevicesApart
        let labels = Set(hops.values.map(\.label))
        #expect(labels.count == 2 && labels.allSatisfy(\.isGroup))
        let table = try table([farm]) { backend, _ in try #require(hops[backend.address]) }
        #expect(table.set(Direct.deviceMap)?.count == 2)
        #expect(table.set(Direct.destinationMap)?.count == 2)
    }
}
