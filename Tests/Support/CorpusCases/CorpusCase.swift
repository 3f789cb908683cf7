import FarmConfig
import FarmModel
import FoundationEssentials
import HealthPolicy
import NetTypes
import ReconcilePolicy
import Ruleset

/// A folder of Tests/Corpus: farms, what befalls them, the ruleset and the packets' ends that have to follow.
public struct CorpusCase: Sendable {
    public let name: String
    public let farms: [Farm]
    public let situation: Situation
    public let packets: [PacketLine]

    /// Throws what is wrong with the folder's files.
    public init(_ name: String) throws {
        try self.init(
            named: name, farms: try Self.contents(Self.path(name, "farm.yaml")),
            situation: try Self.optionalContents(name, "situation") ?? "", packets: try Self.contents(Self.path(name, "packets")))
    }

    /// The same from texts.
    public init(named name: String, farms: String, situation: String = "", packets: String) throws {
        self.name = name
        let loaded = FarmConfig.load([FarmFile(path: Self.path(name, "farm.yaml"), text: Array(farms.utf8))])
        guard loaded.faults.isEmpty else { throw CorpusFault(loaded.faults.map { "\($0)" }.joined(separator: "\n")) }
        self.farms = loaded.farms
        self.situation = try Situation(situation)
        self.packets = try PacketLine.lines(packets)
    }

    /// The state that the daemon would have, reached by the same calls.
    public func desired(farmsReversed: Bool = false) throws -> DesiredState {
        var state = DesiredState(manyTurns: situation.isHasty ? 1 : DesiredState.usualMany)
        for earlier in situation.earlier {
            try befall(earlier, &state, farmsReversed: farmsReversed)
            state.settled()
        }
        try befall(situation, &state, farmsReversed: farmsReversed)
        return state
    }

    private func befall(_ situation: Situation, _ state: inout DesiredState, farmsReversed: Bool) throws {
        let present = farms.map { farm in
            var farm = farm
            farm.backends.removeAll { situation.absent.contains(BackendID(farm: farm.name, backend: $0.name)) }
            return farm
        }
        state.set(farms: farmsReversed ? present.reversed() : present)
        state.set(overrides: situation.overrides)
        state.set(verdicts: try verdicts(situation, state))
        state.set(nextHops: situation.nextHops, ingressDevices: situation.ingressDevices)
    }

    public func ruleset() throws -> Ruleset { try desired().ruleset }

    private func verdicts(_ situation: Situation, _ state: DesiredState) throws -> [ProbeTarget: Verdict] {
        var verdicts = Dictionary(uniqueKeysWithValues: state.probeTargets.map { ($0, Verdict.up) })
        for (id, verdict) in situation.verdicts {
            guard let farm = state.farms[id.farm], let backend = farm.backends.first(where: { $0.name == id.backend }),
                let target = farm.probeTarget(of: backend)
            else { throw CorpusFault("\(name): \(id) is not probed") }
            verdicts[target] = verdict
        }
        return verdicts
    }
}

extension CorpusCase {
    /// Sorted; empty only if the folder cannot be read.
    public static let names: [String] = {
        let entries = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return entries.filter { $0.hasSuffix("/farm.yaml") }.map { String($0.dropLast("/farm.yaml".count)) }.sorted()
    }()

    private static let folder = #filePath.components(separatedBy: "/").dropLast(3).joined(separator: "/") + "/Corpus"

    private static func path(_ name: String, _ file: String) -> String { "\(folder)/\(name)/\(file)" }

    private static func contents(_ path: String) throws -> String {
        guard let octets = FileManager.default.contents(atPath: path) else { throw CorpusFault("\(path) cannot be read") }
        return String(decoding: octets, as: UTF8.self)
    }

    private static func optionalContents(_ name: String, _ file: String) throws -> String? {
        FileManager.default.fileExists(atPath: path(name, file)) ? try contents(path(name, file)) : nil
    }

    /// The text that the ruleset has to have.
    public func golden() throws -> String { try Self.contents(Self.path(name, "ruleset.nft")) }

    /// For each packet its ways, as the tracer sees them now.
    public func traced() throws -> [String] { try sections.flatMap { try worlds().answers($0) } }

    /// Packets that share a memory; between them everything is forgotten.
    public var sections: [[PacketLine]] {
        packets.reduce(into: []) { sections, line in
            if line.interlude == .anew || sections.isEmpty { sections.append([]) }
            sections[sections.count - 1].append(line)
        }
    }

    /// Before the first packet.
    public func worlds() throws -> Worlds {
        Worlds(Tracer(onCorpusHost: try ruleset()), remembersChance: try isSequence())
    }

    /// Whether what becomes of a packet hangs on those before it, beyond their connections.
    public func isSequence() throws -> Bool {
        let tracer = Tracer(onCorpusHost: try ruleset())
        return packets.contains { line in
            if case .pause = line.interlude { return true }
            return tracer.outcomes(of: line.packet, in: DynamicState()).contains { $0.state.isRemembering }
        }
    }

    /// Records the ruleset and the packets' ends as they come out now; comments and order of `packets` stay.
    public func rewriteGolden() throws {
        try write(try ruleset().text(), to: "ruleset.nft")
        var answers = try traced()[...]
        let lines = try Self.contents(Self.path(name, "packets")).split(separator: "\n", omittingEmptySubsequences: false)
        try write(try lines.map { try Self.rewritten(String($0), &answers) }.joined(separator: "\n"), to: "packets")
    }

    private static func rewritten(_ line: String, _ answers: inout ArraySlice<String>) throws -> String {
        guard !line.hasPrefix("#"), !line.isEmpty, try PacketLine.interlude(line) == nil else { return line }
        return "\(try PacketLine(line).question)  \(answers.popFirst() ?? "")"
    }

    private func write(_ text: String, to file: String) throws {
        try Data(text.utf8).write(to: URL(filePath: Self.path(name, file)))
    }
}
