import FarmModel
import NetTypes
import Ruleset
import RulesetCompiler

/// What a change of configuration does, before it is done.
public struct ChangePlan: Sendable, Equatable {
    public let added: [String]
    public let changed: [String]
    public let removed: [String]
    public let elementsAdded: Int
    public let elementsRemoved: Int
    /// Share of the slots of farms that stay which name another backend afterwards, 0–1.
    public let slotsMoved: Double
    /// Backends that no farm keeps, with the port where it is one.
    public let removedBackends: [Endpoint]
    public let blastRadius: BlastRadius

    public init(from old: DesiredState, to new: DesiredState) {
        let kept = Set(old.farms.keys).intersection(new.farms.keys)
        added = new.farms.keys.filter { old.farms[$0] == nil }.sorted()
        removed = old.farms.keys.filter { new.farms[$0] == nil }.sorted()
        changed = kept.filter { old.farms[$0] != new.farms[$0] }.sorted()
        (elementsAdded, elementsRemoved) = old.ruleset.elementsChanged(to: new.ruleset)
        slotsMoved = Self.slotsMoved(old, new, changed)
        removedBackends = Self.endpoints(old).subtracting(Self.endpoints(new)).sorted()
        blastRadius = BlastRadius(from: old.farms.values, to: new.farms.values)
    }

    public var isEmpty: Bool { added.isEmpty && changed.isEmpty && removed.isEmpty && elementsAdded == 0 && elementsRemoved == 0 }

    private static func endpoints(_ state: DesiredState) -> Set<Endpoint> {
        Set(
            state.farms.values.flatMap { farm in
                farm.backends.flatMap { backend in
                    (backend.port.map { [$0.first] } ?? farm.listeners.flatMap { $0.ports.map(\.first) })
                        .map { Endpoint(address: backend.address, port: $0) }
                }
            })
    }

    /// Slots are compared by the backend's name; a table of another size counts as moved.
    private static func slotsMoved(_ old: DesiredState, _ new: DesiredState, _ changed: [String]) -> Double {
        var (moved, total) = (0, 0)
        for name in Set(old.farms.keys).intersection(new.farms.keys) {
            guard let before = old.compiledFarms[name], let after = new.compiledFarms[name] else { continue }
            for (family, slots) in before.slots {
                total += slots.count
                guard before != after || old.farms[name] != new.farms[name] else { continue }
                let now = after.slots[family] ?? []
                let isComparable = now.count == slots.count
                for (slot, backend) in slots.enumerated() {
                    let isSame = isComparable && new.farms[name]?.name(of: now[slot]) == old.farms[name]?.name(of: backend)
                    if !isSame { moved += 1 }
                }
            }
        }
        return total == 0 ? 0 : Double(moved) / Double(total)
    }
}

extension Farm {
    /// Nil for a vacant slot.
    fileprivate func name(of backend: UInt16) -> String? { backend == SlotTable.vacant ? nil : backends[Int(backend)].name }
}
