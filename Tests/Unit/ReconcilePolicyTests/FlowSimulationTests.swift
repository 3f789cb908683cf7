import FarmModel
import NetTypes
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// The promise itself: no change breaks a flow whose backend lives.
@Suite struct FlowSimulationTests {
    /// ZVNFT_SEED names the first one, ZVNFT_SEEDS how many.
    private static let seeds: [UInt64] = {
        func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }
        let first = number("ZVNFT_SEED") ?? 1
        return Array(first..<first + (number("ZVNFT_SEEDS") ?? 1))
    }()

    @Test(arguments: [ForwardingMode.dsr, .stateless], AddressFamily.allCases)
    func noChangeBreaksAFlowWhoseBackendLives(mode: ForwardingMode, family: AddressFamily) throws {
        for seed in Self.seeds {
            var simulation = try FlowSimulation(seed: seed, mode: mode, family: family)
            for _ in 0..<160 where simulation.faults.isEmpty { simulation.step() }
            #expect(simulation.faults.isEmpty, "seed \(seed): \(simulation.faults.first ?? "")")
            let counts = simulation.counts
            #expect(counts.changes > 10 && counts.packets > 1_000 && counts.oldPackets > 10, "seed \(seed): \(counts)")
        }
    }
}
