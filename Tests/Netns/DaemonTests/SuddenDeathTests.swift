import Glibc
import Testing

extension RealTraffic {
    /// kill -9 at any instant: the kernel has the old ruleset or the new one, and a restart brings the new one.
    @Suite struct SuddenDeath {
        private static let farmCount = 20

        /// Every element of every farm differs between the two.
        private static func files(port: Int) -> String {
            (1...farmCount).map { number in
                FarmFile(
                    name: "farm\(number)", listen: ["203.0.113.10:\(1000 + number)"], backends: .init(1...10, port: port, families: [4]),
                    health: "{ type: none }"
                ).text
            }.joined(separator: "---\n")
        }

        @Test(arguments: [1, 2, 3] as [UInt64]) func killedDuringAnApplyItLeavesTheOldOrTheNew(seed: UInt64) throws {
            var random = SeededRandom(state: seed)
            let (old, new) = (Self.files(port: 8080), Self.files(port: 80))
            let balancer = try Balancer(["farms": new])
            let newRules = try balancer.kernelRules()
            try balancer.write("farms", old)
            try balancer.apply()
            let oldRules = try balancer.kernelRules()
            let longest = try Self.microsecondsOfAnApply(balancer, new, old)
            #expect(oldRules != newRules)
            var seenNew = 0
            for _ in 1...3 {
                try balancer.write("farms", new)
                let apply = try Program([Programs.lbctl, "--socket", balancer.socket, "apply"])
                // The instant of the kill is what is varied.
                usleep(useconds_t.random(in: 0...longest, using: &random))
                balancer.kill()
                apply.kill()
                let rules = try balancer.kernelRules()
                #expect(rules == oldRules || rules == newRules, "a mixture of \(rules.utf8.count) bytes, seed \(seed)")
                if rules == newRules { seenNew += 1 }

                let seconds = try Machine.measured(atMost: 1) {
                    balancer.kill()
                    let begun = monotonicNow()
                    try balancer.start()
                    try eventually("the restart converges", lastSeen: balancer.lastWords) { try balancer.kernelRules() == newRules }
                    return Double(monotonicNow() - begun) / 1e9
                }
                #expect(seconds <= 1, "seed \(seed)")
                try balancer.awaitAnswer()
                try balancer.write("farms", old)
                try balancer.apply()
                #expect(try balancer.kernelRules() == oldRules)
            }
            print("seed \(seed): \(seenNew) of 3 kills came after the commit")
        }

        /// There and back again.
        private static func microsecondsOfAnApply(_ balancer: Balancer, _ files: String...) throws -> useconds_t {
            try files.map { text in
                try balancer.write("farms", text)
                let begun = monotonicNow()
                try balancer.apply()
                return useconds_t((monotonicNow() - begun) / 1000)
            }.max() ?? 0
        }

        @Test func killedWhileItStartsItLeavesWhatRan() throws {
            var random = SeededRandom(state: 4)
            let balancer = try Balancer(["farms": Self.files(port: 80)])
            let rules = try balancer.kernelRules()
            for _ in 1...6 {
                balancer.kill()
                try balancer.start()
                usleep(useconds_t.random(in: 0...150_000, using: &random))
                balancer.kill()
                #expect(try balancer.kernelRules() == rules)
            }
            try balancer.start()
            try balancer.awaitAllUp()
            #expect(try balancer.kernelRules() == rules)
        }
    }
}

/// SplitMix64: the same numbers for the same seed.
private struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
