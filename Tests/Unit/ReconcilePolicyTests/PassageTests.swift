import FarmModel
import HealthPolicy
import NetTypes
import Testing

@testable import ReconcilePolicy

/// Where probes through farms' rules go, and who has which mark.
@Suite struct PassageTests {
    private static let backend = Endpoint("10.0.1.11:8080"), listener = Endpoint("203.0.113.10:80")

    private func farm(_ mode: ForwardingMode, port: UInt16? = 8080, via: ProbeVia = .vip, backends: Int = 1) throws -> Farm {
        let listener = try #require(Self.listener)
        let ports = try #require(PortRange(80))
        let addresses = try (0..<backends).map { try #require(IPAddress("10.0.1.\(11 + $0)")) }
        return Farm(
            name: "web", listeners: [Listener(address: listener.address, transport: .tcp, ports: [ports])], mode: mode,
            backends: addresses.enumerated().map { index, address in
                Backend(name: "b\(index)", address: address, port: port.flatMap { PortRange($0) })
            },
            health: HealthCheck(way: ProbeWay(via: via)))
    }

    private func target(_ farm: Farm) throws -> ProbeTarget { try #require(farm.probeTarget(of: farm.backends[0])) }

    @Test(arguments: [ForwardingMode.dnat, .snat(source: [])]) func translatedProbesConnectToTheListener(mode: ForwardingMode) throws {
        let target = try target(farm(mode))
        let entrance = try #require(target.entrance)
        #expect(entrance.kind == .translated && entrance.listener == Self.listener && entrance.backend == Self.backend)
        #expect(target.connected == Self.listener && target.endpoint == Self.backend && target.authority == Self.listener)
        #expect(target.placeText == "10.0.1.11:8080 via 203.0.113.10:80")
        #expect(target.witness.entrance == nil && target.witness.connected == Self.backend)
    }

    @Test func framedProbesConnectToTheBackend() throws {
        let direct = try target(farm(.dsr, port: nil))
        #expect(direct.entrance?.kind == .direct && direct.connected == Endpoint("10.0.1.11:80") && direct.authority == Self.listener)
        let stateless = try target(farm(.stateless))
        #expect(stateless.entrance?.kind == .stateless && stateless.connected == Self.backend)
    }

    @Test func othersHaveNoEntrance() throws {
        #expect(try target(farm(.dnat, via: .direct)).entrance == nil)
        #expect(try target(farm(.local)).entrance == nil)
    }

    @Test func whatIsTranslatedIsTrackedAndOtherProbesAreNot() throws {
        var state = DesiredState()
        state.set(farms: [try farm(.dnat)])
        #expect(state.ruleset[.inet]?.set("probe-targets4") == nil)
        #expect(state.ruleset[.inet]?.set("probe-backends4")?.count == 1)
        state.set(farms: [try farm(.dsr, port: nil)])
        #expect(state.ruleset[.inet]?.set("probe-targets4")?.count == 1)
    }

    @Test func marksStayWithTheirBackends() throws {
        var state = DesiredState()
        var farm = try farm(.dnat, backends: 3)
        state.set(farms: [farm])
        let before = state.entranceMarks
        #expect(Set(before.values) == [0x1_0000, 0x2_0000, 0x3_0000])
        farm.backends.remove(at: 0)
        state.set(farms: [farm])
        let after = state.entranceMarks
        #expect(after.count == 2 && after.allSatisfy { before[$0.key] == $0.value })
        farm.backends.append(Backend(name: "new", address: try #require(IPAddress("10.0.1.99")), port: PortRange(8080)))
        state.set(farms: [farm])
        #expect(state.entranceMarks.values.sorted() == [0x1_0000, 0x2_0000, 0x3_0000])
        state.set(farms: [])
        #expect(state.entranceMarks.isEmpty)
    }

    @Test func marksAreBitsSideBySide() throws {
        #expect(ProbeMarks(mask: 0xFFFF_0000)?.count == 65_535)
        let few = try #require(ProbeMarks(mask: 0xF0))
        #expect(few.count == 15 && few[1] == 0x10 && few[15] == 0xF0)
        for mask: UInt32 in [0, 0x70, 0xF0F0, 0xFF00_00FF] { #expect(ProbeMarks(mask: mask) == nil, "\(mask)") }
        #expect(ProbeMarks(mask: .max)?.count == Int(UInt32.max))
    }

    @Test func whoFindsNoMarkHasNone() throws {
        var state = DesiredState(probeMarks: try #require(ProbeMarks(mask: 0xF0)))
        state.set(farms: [try farm(.dnat, backends: 20)])
        #expect(state.entranceMarks.count == 15 && Set(state.entranceMarks.values).count == 15)
    }
}
