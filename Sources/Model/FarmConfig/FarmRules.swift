import FarmModel
import NetTypes

/// What has to hold between the keys of one farm.
struct FarmRules {
    let draft: FarmDraft
    let fields: Fields
    let log: FaultLog

    func check() {
        checkBackendsAreDistinct()
        checkEachListenerHasABackend()
        checkSize()
        for entry in draft.backends.entries { checkPorts(of: entry) }
        checkSources()
        checkMode()
        checkTraffic()
        checkProbes()
        checkPassages()
        checkWhole()
    }

    /// Families of the listeners; nil if one of them could not be read.
    var families: Set<AddressFamily>? {
        draft.listeners.isWhole && !draft.listeners.entries.isEmpty ? Set(draft.farm.listeners.map(\.address.family)) : nil
    }

    var hasTCP: Bool { !draft.listeners.isWhole || draft.farm.listeners.contains { $0.transport == .tcp } }

    /// Packets that belong together: a connection, or an association of sctp.
    var hasConnections: Bool { hasTCP || draft.farm.listeners.contains { $0.transport == .sctp || $0.isWhole } }

    private func checkBackendsAreDistinct() {
        var names: [String: Spot] = [:]
        var endpoints: [IPAddress: [BackendDraft]] = [:]
        for entry in draft.backends.entries {
            let address = entry.backend.address
            if let twin = endpoints[address]?.first(where: { Self.overlap($0.backend.port, entry.backend.port) }) {
                report(
                    .duplicateEndpoint, "backend \(BackendDecoder.endpointText(address, entry.backend.port)) is listed twice",
                    at: entry.spot, hint: "give one of them more weight instead",
                    other: twin.spot, "the first one")
            } else if let first = names[entry.backend.name] {
                report(
                    .duplicateBackend, "a second backend is named \(entry.backend.name.quoted)", at: entry.nameSpot,
                    hint: "names are unique in a farm", other: first, "the first one")
            }
            names[entry.backend.name] = names[entry.backend.name] ?? entry.nameSpot
            endpoints[address, default: []].append(entry)
        }
    }

    private static func overlap(_ left: PortRange?, _ right: PortRange?) -> Bool {
        guard let left, let right else { return left == right }
        return left.overlaps(right)
    }

    private func checkEachListenerHasABackend() {
        guard draft.backends.isWhole, !draft.backends.entries.isEmpty else { return }
        let families = Set(draft.backends.entries.map(\.backend.address.family))
        for listener in draft.listeners.entries where !families.contains(listener.value.address.family) {
            log.report(
                .familyWithoutBackend,
                "no backend has an \(listener.value.address.family.label) address for the listener \(listener.value)", at: listener.spot,
                hint: "add such a backend, or leave this listener out", explain: "farm.backends")
        }
    }

    private func checkSize() {
        if case .slots(let slots) = draft.farm.tableSize, slots < draft.farm.backends.count, let reader = fields["tableSize"] {
            return reader.fault(
                .doesNotApply, "\(slots) slots are too few for \(draft.farm.backends.count) backends",
                hint: "leave tableSize out, or make it larger")
        }
        let elements = draft.farm.slotElements
        guard elements > FarmLimits.elementsPerFarm, let reader = fields["listen"] else { return }
        reader.fault(
            .tooManyElements, "this farm would need \(elements) map elements; at most \(FarmLimits.elementsPerFarm) are allowed",
            hint: "a range costs one key a port unless all backends keep the client's port or all have one port")
    }

    private func report(_ code: FaultCode, _ message: String, at spot: Spot, hint: String, other: Spot, _ note: String) {
        log.report(code, message, at: spot, hint: hint, explain: "farm.backends", related: log.related(other, note).map { [$0] } ?? [])
    }
}

extension AddressFamily {
    var label: String { self == .ipv4 ? "IPv4" : "IPv6" }
}
