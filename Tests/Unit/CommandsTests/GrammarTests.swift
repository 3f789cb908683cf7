import ControlAPI
import Testing

@testable import Commands

/// One thing is told of as one.
@Suite struct GrammarTests {
    @Test(arguments: [(0, "0 faults"), (1, "1 fault"), (2, "2 faults")]) func nounsFollowTheirNumber(_ count: Int, _ words: String) {
        #expect(counted(count, "fault") == words)
    }

    @Test func verbsFollowTheirNumberToo() {
        #expect(counted(1, "slot", "move") == "1 slot moves" && counted(2, "slot", "move") == "2 slots move")
    }

    @Test func trafficOfOneIsSaidSo() {
        let one = TrafficView(connections: 1, requests: .init(packets: 1, bytes: 1), replies: .init(packets: 2, bytes: 120))
        #expect(one.words == "1 connection, 1 packet (1 byte) in, 2 packets (120 bytes) out")
    }

    /// An override may be above what the file says: "5 of 1" would be read as a part of a whole.
    @Test(arguments: [(1, 5, "5 (file: 1)"), (10, 0, "0 (file: 10)"), (10, 10, "10")])
    func aWeightThatIsNotTheFilesNamesBoth(_ file: Int, _ effective: Int, _ words: String) {
        let backend = BackendView(
            farm: "web", name: "web1", address: "10.0.1.11", port: "8080", weight: file, effectiveWeight: effective, priority: 1,
            admin: "ready", isOverridden: true, health: "up", reason: "connected", since: nil, share: 1, connections: nil)
        #expect(backend.weightText == words)
    }
}
