import CorpusCases
import Glibc
import NetTypes
import NetfilterDriver
import Ruleset
import TestNamespaces
import Testing

/// Whatever the farms and whatever the packets: the kernel sends them where the tracer says, by the rules that it says.
@Suite(.serialized, .lab) struct PropertyTests {
    private static let packets = 10_000
    private static let openings = 250

    /// `ZVNFT_SEED` repeats a run; its rounds have the seeds that follow.
    @Test func kernelAgreesWithTheTracerOnFarmsAndPacketsByChance() throws {
        let lab = try currentLab()
        let first = getenv("ZVNFT_SEED").flatMap { UInt64(String(cString: $0)) } ?? UInt64.random(in: 1...999_999_999)
        print("ZVNFT_SEED=\(first)")
        var (sent, seed, ends) = (0, first, [String: Int]())
        while sent < Self.packets {
            let round = try Namespace.run(in: lab.balancer) { [seed] in try Self.round(seed: seed, lab) }
            if let disagreement = round.disagreement {
                Issue.record("\(disagreement)")
                return
            }
            for fate in round.fates { ends[fate.kind, default: 0] += 1 }
            (sent, seed) = (sent + round.fates.count, seed + 1)
        }
        let summary = ends.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        print("\(sent) packets in \(seed - first) rounds: \(summary)")
        for kind in PacketFate.kinds { #expect(ends[kind, default: 0] > 0, "farms and packets leave nothing \(kind)") }
    }

    private static func round(seed: UInt64, _ lab: Lab) throws -> Companion.Report {
        var random = SeededGenerator(seed: seed)
        let farms = RandomFarms(SeededGenerator(seed: random.next()))
        var packets = RandomPackets(SeededGenerator(seed: random.next()), to: farms)
        let example = try CorpusCase(named: "seed \(seed)", farms: farms.farms, situation: farms.situation, packets: "")
        let ruleset = try example.ruleset()
        let kernel = try Kernel()
        try kernel.become(Ruleset())
        try kernel.become(ruleset)
        return try Journey.run(lab, nextHops: example.situation.nextHops) { journey in
            var companion = Companion(
                journey, try model(ruleset), "ZVNFT_SEED=\(seed)\n\(farms.farms)\n\(farms.situation)", apart: farms.apart)
            let opened = packets.openings(farms.apart > .zero ? openings / 4 : openings)
            let fates = try companion.follow(opened)
            let answers = try companion.follow(packets.replies(to: opened, fates))
            let answered = Set(answers.compactMap { if case .answered(let client, _) = $0 { client } else { nil } })
            _ = try companion.follow(packets.furtherPackets(of: opened, fates, answered: answered))
            return companion.report
        }
    }

    /// The tracer walks what the model kernel holds after the batch that the real one got.
    private static func model(_ ruleset: Ruleset) throws -> Ruleset {
        var kernel = ModelKernel()
        _ = try kernel.apply(Ruleset().batch(to: ruleset), from: 1)
        return kernel.ruleset
    }
}

/// Sends packets through the kernel, and follows what the tracer says of them.
private struct Companion {
    struct Report: Sendable {
        var fates: [PacketFate] = []
        var disagreement: String?
    }

    private(set) var report = Report()
    private static let mostWorlds = 64
    private let journey: Journey
    private var worlds: Worlds
    private let scene: String
    /// Between packets, where the kernel needs it to count as it means to.
    private let apart: Duration

    init(_ journey: Journey, _ ruleset: Ruleset, _ scene: String, apart: Duration) {
        (self.journey, self.scene, self.apart) = (journey, scene, apart)
        worlds = Worlds(Tracer(onCorpusHost: ruleset), remembersChance: true)
    }

    /// Returns where they ended, up to the first disagreement: what comes behind it would only repeat it.
    ///
    /// What chance has done to a packet that was refused cannot be seen, but may be remembered: where too much of that has come
    /// together, they end, too.
    mutating func follow(_ packets: [Packet]) throws -> [PacketFate] {
        guard report.disagreement == nil, worlds.count <= Self.mostWorlds else { return [] }
        var fates: [PacketFate] = []
        for (packet, kernel) in zip(packets, try journey.ends(of: packets, apart: apart)) {
            let line = PacketLine(packet)
            let ends = worlds.send(line)
            guard let end = ends[kernel.fate], let next = end.paths[kernel.rules] else {
                let expected = ends.map { "\($0.key) by \($0.value.paths.keys.map { $0 })" }.sorted().joined(separator: " or ")
                report.disagreement = "\(line.question): \(kernel.fate) by \(kernel.rules), expected \(expected)\n\(scene)"
                break
            }
            fates.append(end.fate)
            worlds = next
            guard worlds.count <= Self.mostWorlds else { break }
        }
        report.fates += fates
        return fates
    }
}

extension PacketFate {
    fileprivate static let kinds = ["translated", "answered", "rewritten", "forwarded", "rejected", "dropped", "passed"]

    fileprivate var kind: String {
        switch self {
        case .translated: "translated"
        case .answered: "answered"
        case .rewritten: "rewritten"
        case .forwarded: "forwarded"
        case .rejected: "rejected"
        case .challenged: "challenged"
        case .dropped: "dropped"
        case .passed: "passed"
        }
    }
}
