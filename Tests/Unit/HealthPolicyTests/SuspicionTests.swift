import FarmModel
import HealthPolicy
import Testing

@Suite struct SuspicionTests {
    private let check = HealthCheck(interval: .seconds(1), fall: 3)

    private func sighting(_ host: Int, _ bonds: [String], down second: Double?) -> Suspicion.Sighting {
        let since = second.map { MonotonicInstant(nanoseconds: Int64($0 * 1e9)) }
        return Suspicion.Sighting(bonds: bonds, host: host, downSince: since, check: check)
    }

    @Test func allOfADeviceAtOnceIsSuspicious() {
        let behind = (0..<5).map { sighting($0, ["tcp", "eth1"], down: 100 + Double($0) * 0.2) }
        let others = (5..<9).map { sighting($0, ["tcp", "eth2"], down: nil) }
        #expect(Suspicion.among(behind + others) == [Suspicion(bond: "eth1", targets: 5, span: .milliseconds(800))])
    }

    @Test func oneThatLivesClearsAllOfItsKind() {
        let down = (0..<9).map { sighting($0, ["http"], down: 100) }
        #expect(Suspicion.among(down).map(\.bond) == ["http"])
        #expect(Suspicion.among(down + [sighting(9, ["http"], down: nil)]).isEmpty)
    }

    @Test func oneAfterTheOtherIsTheirsAlone() {
        #expect(Suspicion.among((0..<5).map { sighting($0, ["tcp"], down: 100 + Double($0) * 10) }).isEmpty)
    }

    @Test func fewServersOrManyPortsOfOneAreNotEnough() {
        #expect(Suspicion.among((0..<3).map { sighting($0, ["tcp"], down: 100) }).isEmpty)
        #expect(Suspicion.among((0..<50).map { sighting($0 % 3, ["tcp"], down: 100) }).isEmpty)
    }
}
