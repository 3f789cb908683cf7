import Glibc
import Testing

extension RealTraffic {
    /// Changes of the table where nobody keeps anything of a connection: none may break by them.
    @Suite struct ConnectionSafeChange {
        /// 2 000 connections and 10 000 datagram flows, half of them over each family; Scripts/bench handover has all of them over both.
        @Test(arguments: ["dsr", "stateless"]) func nothingBreaksByAnyKindOfChange(mode: String) throws {
            let lines = try DirectLines(mode, handover: "{ quiet: 5s, limit: 3m, udpHold: 1m }")
            let flows = try lines.holdingDatagrams(5_000, seconds: 24)
            let held = try [4, 6].map { try lines.holding(1_000, family: $0, seconds: 22) }
            let begun = try [4, 6].map {
                try lines.balancer.lab.connecting(to: lines.vip($0), "--tcp-echo --rate 50 --duration 18s")
            }
            for change in DirectLines.changes {
                usleep(900_000)
                try change(lines)
            }
            #expect(try lines.balancer.status().handovers.map(\.farm) == ["lines"])
            for result in try held.map({ try $0.result() }) { #expect(result.areAllAlive, "\(result.summary)") }
            for result in try begun.map({ try $0.result() }) { #expect(result.isFlawless, "\(result.summary)") }
            let results = try flows.map { try $0.result() }
            #expect(results.reduce(0) { $0 + $1.alive } == 10_000)
            #expect(results.reduce(0) { $0 + $1.backendChanges } == 0, "\(results.map(\.summary))")
            #expect(results.reduce(0) { $0 + $1.lostDatagrams } < 100, "\(results.map(\.summary))")
        }

        /// Without the handover the same kind of change breaks connections: the test above can fail.
        @Test(arguments: ["dsr", "stateless"]) func plainSwapBreaksWhatMoves(mode: String) throws {
            let lines = try DirectLines(mode, handover: "{ limit: 0s }")
            let held = try lines.holding(400, family: 4, seconds: 4)
            try lines.drain("b1")
            let result = try held.result()
            #expect(result.alive < 350, "\(result.summary)")
            #expect(try lines.balancer.status().handovers.isEmpty)
        }

        @Test func datagramsMoveOnAfterTheHoldTime() throws {
            let lines = try DirectLines("dsr", handover: "{ udpHold: 1s }")
            let held = try lines.balancer.lab.holding(to: "203.0.113.10:5300", seconds: 6, "--udp --count 200 --interval 500ms")
            usleep(1_500_000)
            try lines.drain("b1")
            let result = try held.result()
            #expect(result.backendChanges > 20 && result.lostDatagrams == 0, "\(result.summary)")
            #expect(result.backends["b1"] == nil, "\(result.summary)")
        }

        @Test func transitionIsShownAndEndsWhenNothingGoesTheOldWay() throws {
            let lines = try DirectLines("dsr", handover: "{ quiet: 2s, limit: 1m, udpHold: 1s }")
            try eventually("what came of the start is over") { try lines.balancer.status().handovers.isEmpty }
            let steady = try lines.balancer.kernelRules()
            let events = try EventLines(lines.balancer, nudging: "lines/b4v6")
            let held = try lines.holding(100, family: 4, seconds: 5)
            try lines.drain("b1")
            let shown = try #require(try lines.balancer.status().handovers.first)
            #expect(shown.farm == "lines" && shown.slots > 10 && shown.since < shown.endsBy)
            usleep(2_500_000)
            #expect(try !lines.balancer.status().handovers.isEmpty, "connections still use the old path")
            #expect(try held.result().areAllAlive)
            try eventually("the transition has ended") { try lines.balancer.status().handovers.isEmpty }
            try events.await("its end is told") { $0.kind == "handover" && $0.farm == "lines" && $0.message == "ended" }
            try lines.say("reset", "b1")
            try eventually("that transition has ended too") { try lines.balancer.status().handovers.isEmpty }
            let (before, after) = (steady.split(separator: "\n"), try lines.balancer.kernelRules().split(separator: "\n"))
            #expect(after == before, "\(after.difference(from: before))")
        }
    }
}

/// A farm of line echoes without conntrack, in both families, with datagram echoes beside.
private final class DirectLines {
    private(set) var farm: FarmFile
    let balancer: Balancer

    init(_ mode: String, handover: String) throws {
        farm = FarmFile(
            name: "lines",
            listen: [
                "203.0.113.10:9000/tcp", "\"[2001:db8::10]:9000/tcp\"", "203.0.113.10:5300/udp", "\"[2001:db8::10]:5300/udp\"",
            ],
            mode: mode, backends: .init(1...4, port: nil))
        balancer = try Balancer(notStartedWith: ["lines": farm.text])
        try "handover: \(handover)\n".save(as: balancer.directory + "/zvnftd.yaml")
        try balancer.start()
        try balancer.awaitAllUp()
    }

    func vip(_ family: Int) -> String { family == 4 ? "203.0.113.10:9000" : "[2001:db8::10]:9000" }

    /// Connections that speak every second, once all of them are open.
    func holding(_ count: Int, family: Int, seconds: Int) throws -> Load<LongResult> {
        let load = try balancer.lab.holding(to: vip(family), seconds: seconds, "--count \(count) --interval 1s")
        try eventually("\(count) connections are open") {
            let open = try balancer.lab.at("client", ["ss", "-Htn", "state", "established", "dport", "=", ":9000"])
            return open.split(separator: "\n").count >= count
        }
        return load
    }

    /// Flows of both families. A thousand at a time: ten thousand first datagrams at once are more than sockets hold.
    func holdingDatagrams(_ count: Int, seconds: Int) throws -> [Load<LongResult>] {
        try (0..<count / 1_000).flatMap { _ in
            try ["203.0.113.10:5300", "[2001:db8::10]:5300"].map { target in
                usleep(200_000)
                return try balancer.lab.holding(to: target, seconds: seconds, "--udp --count 1000 --interval 6s --timeout 5s")
            }
        }
    }

    func edit(_ change: (inout FarmFile) -> Void) throws {
        change(&farm)
        try balancer.write("lines", farm.text)
        try balancer.apply()
        try balancer.awaitAllUp()
    }

    func drain(_ backend: String) throws { try say("drain", backend) }

    /// To both families' backend.
    func say(_ words: String...) throws {
        for backend in [words[1], words[1] + "v6"] {
            let outcome = try Program.run(
                [Programs.lbctl, "--socket", balancer.socket, "backend", words[0], "lines/\(backend)"] + words.dropFirst(2))
            _ = try outcome.text()
        }
    }

    typealias Change = @Sendable (DirectLines) throws -> Void
    static let changes: [Change] = [
        { try $0.edit { $0.backends = .init(1...6, port: nil) } }, drainOne, removeOne, { try $0.say("weight", "b3", "5") },
        { try $0.edit { $0.scheduler = "hash" } }, killAndRestart, { try $0.say("ready", "b1") },
        { try $0.edit { $0.more = ["tableSize: 509"] } }, { try $0.drain("b4") }, killAndRestart,
        { try $0.edit { $0.more = ["tableSize: 509", "hash: [sourceAddress, sourcePort, destinationPort]"] } },
    ]
    static let drainOne: Change = { try $0.drain("b1") }
    static let removeOne: Change = { lines in
        let gone = lines.farm.backends.lines.filter { !$0.contains("name: b2") }
        try lines.edit { $0.backends.lines = gone }
    }
    static let killAndRestart: Change = {
        $0.balancer.kill()
        usleep(300_000)
        try $0.balancer.start()
        try $0.balancer.awaitAnswer()
    }
}
