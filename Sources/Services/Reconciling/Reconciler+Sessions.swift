import ControlAPI
import FarmModel
import NetTypes
import Ruleset
import RulesetCompiler
import Seams

extension Reconciler {
    public func sessions(farm: String?) async throws(Problem) -> SessionList {
        let reader = SessionReader(farms: try farm.map { name throws(Problem) in [try find(farm: name)] } ?? Array(desired.farms.values))
        let all = try await known(to: reader).filter { farm == nil || $0.farm == farm }
        return SessionList(sessions: all.map(view).sorted { ($0.farm, $0.listener, $0.client) < ($1.farm, $1.listener, $1.client) })
    }

    public func deleteSessions(farm: String, client: String?, backend: String?, by caller: Caller) async throws(Problem) -> SessionsDeleted
    {
        let owner = try find(farm: farm)
        guard owner.persistence != nil else {
            throw Problem(
                title: "The farm keeps no sessions", status: 422,
                detail: "farm \"\(farm)\" has no persistence, so there is nothing to delete; `lbctl explain farm.persistence` tells of it")
        }
        if let backend { _ = try find(farm, backend) }
        let reader = SessionReader(farms: [owner])
        let address = try client.map { text throws(Problem) in try self.address(text) }
        let doomed = try await known(to: reader).filter { session in
            (backend == nil || session.backend == backend) && (address.map { reader.isSession(session, of: $0) } ?? true)
        }
        try await delete(doomed, reader)
        let of = [client.map { "of \($0)" }, backend.map { "at \($0)" }].compactMap { $0 }.joined(separator: " ")
        log.notice("sessions deleted", metadata: ["farm": "\(farm)", "which": "\(of)", "count": "\(doomed.count)", "by": "\(caller.name)"])
        return SessionsDeleted(deleted: doomed.count)
    }

    private func address(_ text: String) throws(Problem) -> IPAddress {
        guard let address = IPAddress(text) else {
            throw Problem(title: "Not an address", status: 400, detail: "\"\(text)\" is not an IP address")
        }
        return address
    }

    /// Off the thread that commits: a map may hold a million clients.
    private func known(to reader: SessionReader) async throws(Problem) -> [Session] {
        // A farm that the kernel does not have yet has no sessions.
        let maps = reader.maps.filter { committed[.inet]?.set($0.name) != nil }
        do { return try await sessionWalker.sessions(in: maps, reader) } catch {
            throw Problem(title: "Sessions cannot be read", status: 503, detail: "\(error)")
        }
    }

    /// In parts, so that a verdict waits for one of them at most.
    private func delete(_ sessions: [Session], _ reader: SessionReader) async throws(Problem) {
        for map in reader.maps {
            let rows = sessions.filter { $0.map == map.name }.map(\.row)
            for start in stride(from: 0, to: rows.count, by: Self.bulk) {
                let part = ElementTable(map.type.layout, unsortedRows: Array(rows[start..<min(start + Self.bulk, rows.count)].joined()))
                do { try commit(Batch([.deleteElements(.inet, set: map.name, map.type, part)])) } catch {
                    throw Problem(title: "The kernel refused the change", status: 503, detail: "\(error)")
                }
                await Task.yield()
            }
        }
    }

    /// What `desired` says nothing of. What others did before is looked at first, so that it is not taken for ours.
    private func commit(_ batch: Batch) throws(DriverError) {
        for attempt in 1... {
            do {
                generation = try driver.commit(batch, expecting: generation)
                return
            } catch {
                guard error.kind == .staleGeneration, attempt < Self.commitAttempts else { throw error }
                if driver.ownsTables {
                    generation = try driver.generation()
                } else {
                    resynchronize(author: "repair", because: "our tables were changed")
                }
            }
        }
    }

    private func view(_ session: Session) -> SessionView {
        SessionView(
            farm: session.farm, listener: "\(session.listener)/\(session.transport)",
            client: session.client.map(\.description) ?? "#\(session.fingerprint)", backend: session.backend,
            expires: session.remaining.map { Double($0.components.seconds) + Double($0.components.attoseconds) / 1e18 })
    }
}
