import Ruleset
import RulesetCompiler
import Seams

/// Reads the sessions of persistence, on a thread and a socket of its own: a map may hold a million clients, and no verdict waits for them.
actor SessionWalker {
    private let executor = ThreadExecutor(name: "sessions")
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let sets: any SetReader

    init(sets: sending any SetReader) { self.sets = sets }

    func sessions(in maps: [ElementSet], _ reader: SessionReader) throws(DriverError) -> [Session] {
        var sessions: [Session] = []
        for map in maps {
            let elements = try sets.elements(of: map.name, in: .inet, type: map.type)
            sessions += reader.sessions(in: map, elements.rows, remaining: elements.remaining)
        }
        return sessions
    }
}
