import FarmModel
import HealthPolicy
import NetTypes
import Testing

@testable import HealthProbing

@Suite(.timeLimit(.minutes(1))) struct PassageTests {
    /// Without a mark it would go past the rules, and say of them what it does not know.
    @Test func probeWithoutAMarkIsNotMade() async throws {
        let server = try LoopbackServer()
        defer { server.stop() }
        var check = quick(fall: 1)
        check.way.via = .vip
        let door = ProbePassage.Door(listener: server.endpoint, port: server.endpoint.port, keepsPort: false)
        let target = ProbeTarget(
            address: server.endpoint.address, port: server.endpoint.port, check: check,
            passage: ProbePassage(kind: .translated, tcp: door, udp: nil))
        let watched = try WatchedLoop()
        watched.probe(target)
        #expect(try await watched.waits { ($0.snapshot()[target]?.counts.late ?? 0) >= 2 })
        let state = watched.loop.snapshot()[target]
        #expect(state?.verdict == .unknown && state?.history.last?.result.reason.hasPrefix("no mark is left") == true)
    }

    @Test func sourcePortsAreNobodyElses() {
        var ports = SourcePorts(range: 61000...61003)
        var taken: Set<UInt16> = []
        while let port = ports.take(besides: taken) { #expect(taken.insert(port).inserted) }
        #expect(taken == [61000, 61001, 61002, 61003])
    }

    @Test func sourceIsTheAddressTowardsTheBackend() {
        #expect(
            ProbeSocket.source(towards: SocketAddress(Endpoint(address: IPAddress(v4: 0x7F00_0001), port: 80))) == IPAddress("127.0.0.1"))
    }

    @Test(arguments: [
        ("connection refused", false, PassageFailure.refused), ("no answer to the connection within 1 s", false, .unreached),
        ("no route to host", false, .unreached), ("no answer within 1 s", true, .mute), ("status 503", true, .answered),
    ])
    func wordsTellHowFarAProbeCame(words: String, wasConnected: Bool, failure: PassageFailure) {
        #expect(PassageFailure(words, wasConnected: wasConnected, timeout: .seconds(1)) == failure)
    }

    @Test func conclusionsNameWhatIsMissing() throws {
        let (listener, backend) = (try #require(Endpoint("203.0.113.10:80")), try #require(Endpoint("10.0.1.11:80")))
        func conclusion(_ failure: PassageFailure, _ kind: ProbePassage.Kind, _ transport: TransportProtocol = .tcp) -> String {
            failure.conclusion(ProbeEntrance(kind: kind, transport: transport, listener: listener, backend: backend))
        }
        #expect(conclusion(.unreached, .direct).contains("203.0.113.10: is it on its loopback? (ip address add 203.0.113.10/32 dev lo)"))
        #expect(conclusion(.unreached, .direct, .udp).contains("and is the server bound to it?"))
        #expect(conclusion(.refused, .direct).contains("no server there listens at 203.0.113.10:80"))
        #expect(conclusion(.unreached, .translated).contains("rp_filter") && conclusion(.mute, .stateless).contains("MTU"))
        #expect(conclusion(.answered, .translated).contains("otherwise"))
    }
}
