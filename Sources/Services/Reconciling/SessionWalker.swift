import ControlAPI
import NetTypes
import Ruleset
import RulesetCompiler
import Seams

/// Reads the sessions of persistence, on a thread and a socket of its own: a map may hold a million clients, and no verdict waits for them.
actor SessionWalker {
    private let executor = ThreadExecutor(name: "sessions", givesWay: true)
    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private let sets: any SetReader

    init(sets: sending any SetReader) { self.sets = sets }

    /// In the order in which they are shown. `farm` nil: of all.
    func list(in maps: [ElementSet], _ reader: SessionReader, farm: String?) throws(DriverError) -> [SessionView] {
        var views: [SessionView] = []
        for map in maps { views += try sessions(in: map, reader).filter { farm == nil || $0.farm == farm }.map(view) }
        return views.sorted { ($0.farm, $0.listener, $0.client) < ($1.farm, $1.listener, $1.client) }
    }

    /// Their rows in the map. Nil: of any client, at any backend.
    func rows(in map: ElementSet, _ reader: SessionReader, of client: IPAddress?, at backend: String?) throws(DriverError) -> [[UInt8]] {
        try sessions(in: map, reader).filter { session in
            (backend == nil || session.backend == backend) && (client.map { reader.isSession(session, of: $0) } ?? true)
        }.map(\.row)
    }

    private func sessions(in map: ElementSet, _ reader: SessionReader) throws(DriverError) -> [Session] {
        let elements = try sets.elements(of: map.name, in: .inet, type: map.type)
        return reader.sessions(in: map, elements.rows, remaining: elements.remaining)
    }

    private func view(_ session: Session) -> SessionView {
        SessionView(
            farm: session.farm, listener: "\(session.listener)/\(session.transport)",
            client: session.client.map(\.description) ?? "#\(session.fingerprint)", backend: session.backend,
            expires: session.remaining.map { Double($0.components.seconds) + Double($0.components.attoseconds) / 1e18 })
    }
}
