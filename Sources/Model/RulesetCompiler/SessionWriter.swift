import FarmModel
import NetTypes
import Ruleset

extension FarmWriter {
    /// The maps that persistence asks: slots as numbers, the endpoints of usable backends by number, and sessions of the file.
    mutating func writeSessions(_ mouth: Mouth, _ selection: Selection, _ table: [UInt16], _ sessions: SessionChain) {
        let numbered = CompiledFarm.SetName(.inet, selection.numberedMapName, selection.numberedMapType)
        rows[numbered] += []
        for (slot, backend) in table.enumerated() {
            mouth.key.append(to: &rows[numbered], slot: UInt32(slot))
            rows[numbered] += number(of: farm.backends[Int(backend)], mouth)
        }
        writeLive(mouth, selection)
        guard sessions.hasStaticSessions, let persistence = farm.persistence else { return }
        let fixed = CompiledFarm.SetName(.inet, SessionChain.staticMap(selection), SessionChain.staticType(selection))
        for session in persistence.sessions where session.source.family == mouth.family {
            guard let backend = farm.backends.first(where: { $0.name == session.backend }) else { continue }
            mouth.key.append(to: &rows[fixed], source: session.source)
            rows[fixed] += number(of: backend, mouth)
        }
    }

    private mutating func writeLive(_ mouth: Mouth, _ selection: Selection) {
        let live = CompiledFarm.SetName(.inet, SessionChain.liveMap(selection), SessionChain.liveType(selection))
        rows[live] += []
        for (backend, condition) in zip(farm.backends, conditions) where backend.address.family == mouth.family && condition.isUsable {
            mouth.key.append(to: &rows[live], number: number(of: backend, mouth))
            rows[live] += farm.value(of: backend, nil, selection, mouth) ?? []
        }
    }

    func number(of backend: Backend, _ mouth: Mouth) -> [UInt8] {
        BackendNumber.octets(backend.address, port: mouth.form == .kept ? 0 : mouth.ports(of: backend).first)
    }
}
