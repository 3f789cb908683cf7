import FarmModel
import NetTypes
import Ruleset
import RulesetCompiler
import Testing

/// Sessions as the kernel's rules write them, read back. The rules are followed by the tracer.
@Suite struct SessionReaderTests {
    private func farm(_ vip: String, _ backends: [String], key: HashInputs = .address) throws -> Farm {
        let port = try #require(PortRange(8080))
        let listener = Listener(address: try #require(IPAddress(vip)), transport: .tcp, ports: [try #require(PortRange(80))])
        let servers = try backends.enumerated().map {
            Backend(name: "b\($0.offset)", address: try #require(IPAddress($0.element)), port: port)
        }
        var farm = Farm(name: "web", listeners: [listener], mode: .dnat, backends: servers)
        farm.persistence = Persistence(key: key)
        return farm
    }

    private func sessions(_ farm: Farm, from client: String) throws -> [Session] {
        let conditions = farm.backends.map { BackendCondition(isUsable: true, weight: $0.weight) }
        let ruleset = RulesetCompiler(farms: ["web": CompiledFarm(FarmPlan(farm), conditions)]).ruleset
        let destination = Endpoint(address: farm.listeners[0].address, port: 80)
        let packet = Packet(
            device: "front", sourceMAC: MACAddress("02:00:00:00:00:01"), destinationMAC: MACAddress("02:00:00:00:00:02"),
            source: Endpoint(address: try #require(IPAddress(client)), port: 4000), destination: destination, transport: .tcp)
        let state = try #require(Tracer(ruleset).outcomes(of: packet, in: DynamicState()).first).state
        let reader = SessionReader(farms: [farm])
        return reader.maps.flatMap { map in
            let rows = state.rows(of: map, in: .inet)
            return reader.sessions(in: map, rows, remaining: (0..<rows.count).map { _ in .seconds(5) })
        }
    }

    @Test(arguments: [
        ("203.0.113.10", ["10.0.1.11", "10.0.1.12"], "192.0.2.7", "192.0.2.8"),
        ("2001:db8::10", ["fd00:1::11", "fd00:1::12"], "2001:db8:c::7", "2001:db8:c::8"),
    ]) func aSessionNamesItsFarmListenerBackendAndClient(vip: String, backends: [String], client: String, other: String) throws {
        let farm = try farm(vip, backends)
        let session = try #require(try sessions(farm, from: client).first)
        #expect(session.farm == "web")
        #expect(session.listener.address == farm.listeners[0].address && session.listener.port == 80)
        #expect(["b0", "b1"].contains(session.backend))
        #expect(session.client == (vip.contains(":") ? nil : IPAddress(client)))
        let reader = SessionReader(farms: [farm])
        #expect(reader.isSession(session, of: try #require(IPAddress(client))))
        #expect(!reader.isSession(session, of: try #require(IPAddress(other))))
    }

    @Test func aBackendThatHasLeftTheFarmHasNoName() throws {
        let farm = try farm("203.0.113.10", ["10.0.1.11"])
        var after = farm
        after.backends[0].address = try #require(IPAddress("10.0.1.99"))
        let session = try #require(try sessions(farm, from: "192.0.2.7").first)
        let map = try #require(SessionReader(farms: [after]).maps.first)
        let rows = ElementTable(map.type.layout, unsortedRows: session.row)
        #expect(SessionReader(farms: [after]).sessions(in: map, rows, remaining: [nil]).map(\.backend) == [nil])
    }

    @Test func ofAKeyWithPortsNoClientIsKnown() throws {
        let key = try #require(HashInputs([.sourceAddress, .sourcePort]))
        let farm = try farm("203.0.113.10", ["10.0.1.11"], key: key)
        let session = try #require(try sessions(farm, from: "192.0.2.7").first)
        #expect(session.client == nil && session.backend == "b0")
        #expect(!SessionReader(farms: [farm]).isSession(session, of: try #require(IPAddress("192.0.2.7"))))
    }
}
