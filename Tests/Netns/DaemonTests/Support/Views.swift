/// The JSON of `lbctl -o json`, as its users read it: only keys that the interface promises.
struct StatusView: Decodable {
    struct Farms: Decodable { let total, up, degraded, down: Int }
    struct Backends: Decodable { let total, up, down, unknown: Int }
    struct Change: Decodable {
        let id: Int
        let at, author: String
        let ok: Bool
    }

    let version: String
    let generation: UInt32
    let drift: Bool
    let farms: Farms
    let backends: Backends
    let lastChange: Change?
    let configFaults: [String]
    let stateFault: String?
    let handovers: [HandoverView]
    let panics, suspicions, losses: [String]
}

struct HandoverView: Decodable {
    let farm: String
    let slots: Int
    let since, endsBy: String
}

struct FarmList: Decodable {
    struct Farm: Decodable {
        struct Count: Decodable { let total, healthy, used: Int }

        let name, mode, scheduler, state: String
        let listen: [String]
        let backends: Count
    }

    let farms: [Farm]
}

struct BackendList: Decodable { let backends: [BackendView] }

struct BackendView: Decodable {
    let farm, name, address: String
    let port: String?
    let weight, effectiveWeight, priority: Int
    let admin, health, reason: String
    let since: String?
    let share: Double
    let connections: Int?
}

struct PlanView: Decodable {
    struct Names: Decodable { let added, changed, removed: [String] }
    struct Elements: Decodable { let added, removed: Int }

    let same: Bool
    let farms: Names
    let elements: Elements
    let slotsMoved: Double
    let connectionsAtRisk: Int
}

struct TraceView: Decodable {
    struct Outcome: Decodable {
        let result: String
        let backend: String?
        let share: Double
    }

    let steps: [String]
    let outcomes: [Outcome]
}

/// A line of `lbctl monitor -o jsonl`.
struct EventView: Decodable {
    let at, kind, message: String
    let farm, backend: String?
}
