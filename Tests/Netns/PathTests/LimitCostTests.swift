import Glibc
import NetTypes
import TestNamespaces
import Testing

/// What counting connections costs a new one: the kernel walks the list of those that are open, once a jiffy at most. docs/benchmarks.md
/// ("Limits") has the figures; here is the bound.
@Suite(.serialized) struct LimitCostTests {
    @Test func aNewConnectionPaysForThoseThatAreCounted() throws {
        var alone: [Cost] = []
        for counted in [100, 1000, 5000] {
            let free = try cost(counted, "")
            let limited = try cost(counted, "limits: { connectionsPerSource: 1000000 }")
            alone.append(Cost(apart: limited.apart - free.apart, inARow: limited.inARow - free.inARow))
            print("counting \(counted) connections costs a new one \(alone[alone.count - 1])")
        }
        // A microsecond for each that is counted, and far less where many come in one jiffy.
        #expect(alone[2].apart < .milliseconds(5))
        #expect(alone[2].inARow < .microseconds(500))
    }

    private struct Cost: CustomStringConvertible {
        /// Of one that comes in a jiffy of its own, and of one among many.
        let apart, inARow: Duration
        var description: String { "\(apart / .microseconds(1)) us alone, \(inARow / .microseconds(1)) us in a storm" }
    }

    private func cost(_ count: Int, _ limits: String) throws -> Cost {
        let network = try Network()
        let servers = try network.listen("10.0.1.12:8080")
        // Nobody answers at 10.0.1.11:8080 but with resets, which would end what is counted.
        try network.server.inside { try Shell.run("ip route add blackhole 192.0.2.1") }
        try network.serve(WebFarm(more: limits).text)
        let frames = (1024..<1024 + count + 2200).map { port in
            Frame(
                Endpoint(address: IPAddress(v4: 0xC000_0201), port: UInt16(port)), Endpoint(address: IPAddress(v4: 0xCB00_710A), port: 80))
        }
        try network.send(Array(frames[..<count]))
        let apart = try network.timeToSend(Array(frames[count..<count + 200]), pause: 8000)
        let inARow = try network.timeToSend(Array(frames[(count + 200)...]), pause: 0)
        withExtendedLifetime(servers) {}
        return Cost(apart: apart, inARow: inARow)
    }
}

extension Network {
    /// The mean of this thread's time a frame: what a virtual wire carries is received by whoever sends it.
    fileprivate func timeToSend(_ frames: [Frame], pause: UInt32) throws -> Duration {
        try client.inside {
            let wire = try Wire()
            let times = try frames.map { frame in
                if pause > 0 { usleep(pause) }
                let octets = frame.octets
                let begin = threadTime()
                try wire.send(octets)
                return threadTime() - begin
            }
            return times.reduce(.zero, +) / times.count
        }
    }
}

private func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}
