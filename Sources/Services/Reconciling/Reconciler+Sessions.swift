import ControlAPI
import FarmModel
import Glibc
import NetTypes
import Ruleset
import RulesetCompiler
import Seams

extension Reconciler {
    public func sessions(farm: String?) async throws(Problem) -> SessionList {
        let reader = SessionReader(farms: try farm.map { name throws(Problem) in [try find(farm: name)] } ?? Array(desired.farms.values))
        do { return SessionList(sessions: try await sessionWalker.list(in: sessionMaps(reader), reader, farm: farm)) } catch {
            throw Problem(title: "Sessions cannot be read", status: 503, detail: "\(error)")
        }
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
        var count = 0
        for map in sessionMaps(reader) { count += try await delete(in: map, reader, of: address, at: backend) }
        let of = [client.map { "of \($0)" }, backend.map { "at \($0)" }].compactMap { $0 }.joined(separator: " ")
        log.notice("sessions deleted", metadata: ["farm": "\(farm)", "which": "\(of)", "count": "\(count)", "by": "\(caller.name)"])
        return SessionsDeleted(deleted: count)
    }

    private func address(_ text: String) throws(Problem) -> IPAddress {
        guard let address = IPAddress(text) else {
            throw Problem(title: "Not an address", status: 400, detail: "\"\(text)\" is not an IP address")
        }
        return address
    }

    /// A farm that the kernel does not have yet has no sessions.
    private func sessionMaps(_ reader: SessionReader) -> [ElementSet] { reader.maps.filter { committed[.inet]?.set($0.name) != nil } }

    /// Readings of a map before giving up on sessions that leave while they are deleted.
    private static let sessionReadings = 5

    /// In parts, so that a verdict waits for one of them at most. Returns how many there were.
    private func delete(
        in map: ElementSet, _ reader: SessionReader, of client: IPAddress?, at backend: String?
    ) async throws(Problem) -> Int {
        var (deleted, reading) = (0, 1)
        do {
            var rows = try await sessionWalker.rows(in: map, reader, of: client, at: backend)[...]
            while !rows.isEmpty {
                let part = rows.prefix(Self.bulk)
                let table = ElementTable(map.type.layout, unsortedRows: Array(part.joined()))
                do {
                    try commit(Batch([.deleteElements(.inet, set: map.name, map.type, table)]))
                    rows = rows.dropFirst(part.count)
                    deleted += part.count
                    await Task.yield()
                } catch {
                    // Before Linux 6.3 one that has left by itself refuses them all.
                    guard error.errno == ENOENT, reading < Self.sessionReadings else { throw error }
                    reading += 1
                    rows = try await sessionWalker.rows(in: map, reader, of: client, at: backend)[...]
                }
            }
            return deleted
        } catch {
            throw Problem(title: "The kernel refused the change", status: 503, detail: "\(error)")
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
}
