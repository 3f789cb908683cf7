import FarmModel
import NetTypes
import Ruleset

extension FarmWriter {
    /// What clients of these ports meet before they are balanced, in that order.
    func guards(_ mouth: Mouth) -> [Detour] {
        let (family, transport) = (mouth.family, mouth.listener.transport)
        let guarded = GuardProfile(farm, plan.sources, family, transport).map(Detour.guarded)
        let attended = Attendance(farm, family, transport).map(Detour.attended)
        return [guarded, attended].compactMap { $0 }
    }

    /// What is asked of tracked connections at other hooks than that of dispatch.
    mutating func writeConduct(_ mouth: Mouth) {
        guard farm.mode.usesConntrack, !mouth.key.isWhole else { return }
        let variant = Variant(family: mouth.family, isRange: mouth.key.isRange)
        if mouth.listener.transport == .tcp { writeTCPConduct(mouth, variant) }
        for backend in farm.backends where backend.address.family == mouth.family {
            if let limit = BackendLimit(backend, of: farm, mouth.listener.transport) {
                lead(mouth, backend, to: limit.chain.name, in: BackendLimit.mapName(variant), variant)
                asides.insert(.backendLimit(limit))
            }
            if let mark = PacketMarks.mark(of: backend, farm) {
                lead(mouth, backend, to: PacketMarks.chain(mark).name, in: PacketMarks.mapName(variant), variant)
                asides.insert(.mark(mark))
            }
        }
    }

    private mutating func writeTCPConduct(_ mouth: Mouth, _ variant: Variant) {
        if farm.limits.tcpStrict {
            mouth.key.append(to: &rows[.init(.inet, Conduct.strictSet(variant), Conduct.strictType(variant))])
        }
        if let profile = ResetProfile(farm, plan.sources, mouth.family), let chain = Conduct.resetChains(profile).last {
            let name = CompiledFarm.SetName(.inet, Conduct.resetMap(variant), Conduct.resetType(variant))
            mouth.key.append(to: &rows[name])
            rows[name].append(chain: chain.name)
            asides.insert(.resets(profile))
        }
        guard farm.mode != .local else { return }
        for (backend, condition) in zip(farm.backends, conditions) where backend.address.family == mouth.family {
            let place = TrackedBackend(address: backend.address, ports: mouth.ports(of: backend))
            tracked.insert(place)
            guard farm.verdictPolicy(of: backend).onDown == .reset else { continue }
            resettable.insert(place)
            if condition.isResetting { resetting.insert(place) }
        }
    }

    private mutating func lead(_ mouth: Mouth, _ backend: Backend, to chain: String, in map: String, _ variant: Variant) {
        let name = CompiledFarm.SetName(.inet, map, TranslatedTo.type(variant))
        mouth.key.append(to: &rows[name], backend: backend.address, ports: mouth.ports(of: backend))
        rows[name].append(chain: chain)
    }

    /// The networks of policies; equal sets of several farms are one.
    mutating func writeLists() {
        let table: TableFamily = farm.path == .translate ? .inet : .netdev
        for family in Set(farm.listeners.map(\.address.family)) {
            for (set, rows) in plan.sources.all(family).flatMap(\.elements) { lists[.init(table, set)] = rows }
        }
    }
}

/// Where a tcp backend of a tracked farm answers from.
struct TrackedBackend: Sendable, Hashable {
    let address: IPAddress
    let ports: PortRange
}

extension TrackedBackend {
    /// The sets that hold these and no more: farms may share a backend, and ranges of theirs may overlap.
    /// `variants`: for which there is a set even if it is empty.
    static func sets(_ backends: Set<TrackedBackend>, named name: (Variant) -> String, variants: Set<Variant> = []) -> [ElementSet] {
        var rows = Dictionary(uniqueKeysWithValues: variants.map { ($0, [UInt8]()) })
        for (address, ports) in Dictionary(grouping: backends, by: \.address).mapValues({ merged($0.map(\.ports)) }) {
            for range in ports {
                rows[Variant(family: address.family, isRange: !range.isSingle), default: []] += octets(address, range)
            }
        }
        return rows.map { variant, rows in
            let type = Conduct.backendType(variant)
            let table = ElementTable(type.layout, unsortedRows: rows)
            return ElementSet(name: name(variant), type: type, fragments: [.shared: table])
        }
    }

    var variant: Variant { Variant(family: address.family, isRange: !ports.isSingle) }

    private static func octets(_ address: IPAddress, _ ports: PortRange) -> [UInt8] {
        let first = address.octets.appending(padded: ports.first)
        return ports.isSingle ? first : first + address.octets.appending(padded: ports.last)
    }

    private static func merged(_ ranges: [PortRange]) -> [PortRange] {
        ranges.sorted().reduce(into: []) { merged, range in
            guard let last = merged.last, last.overlaps(range), let both = PortRange(last.first, max(last.last, range.last)) else {
                return merged.append(range)
            }
            merged[merged.count - 1] = both
        }
    }
}

/// Chains beside the way of dispatch, and the sets that they need.
enum Aside: Sendable, Hashable {
    case resets(ResetProfile)
    case backendLimit(BackendLimit)
    case mark(UInt32)

    /// In the order of creation.
    var chains: [Chain] {
        switch self {
        case .resets(let profile): Conduct.resetChains(profile)
        case .backendLimit(let limit): [BackendLimit.refusal, limit.chain]
        case .mark(let mark): [PacketMarks.chain(mark)]
        }
    }

    var sets: [ElementSet] {
        switch self {
        case .resets(let profile): profile.sets
        case .backendLimit(let limit): [limit.set]
        case .mark: []
        }
    }
}
