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
        checkMemoryOfDirectReturn()
        checkSize()
        for entry in draft.backends.entries {
            checkPorts(of: entry)
            checkSource(of: entry)
        }
    }

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

    /// dsr has no conntrack: each packet is scheduled anew, so that only a hash keeps a connection on its backend.
    private func checkMemoryOfDirectReturn() {
        guard draft.farm.mode == .dsr, draft.farm.scheduler.hashInputs == nil, let reader = fields["scheduler"],
            draft.farm.listeners.contains(where: { $0.transport == .tcp })
        else { return }
        reader.fault(
            .doesNotApply, "dsr with scheduler \(draft.farm.scheduler.name) would send each packet of a connection elsewhere",
            hint: "use scheduler maglev or hash, or mode dnat")
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

    /// A port range keeps its width on the way to the backend, and in dsr the port itself.
    private func checkPorts(of entry: BackendDraft) {
        guard let port = entry.backend.port else { return }
        let listeners = draft.listeners.entries.map(\.value).filter { $0.address.family == entry.backend.address.family }
        for range in Set(listeners.flatMap(\.ports)).sorted() where range != port {
            guard let (code, message, hint) = objection(to: port, for: range) else { continue }
            return log.report(code, message, at: entry.portSpot, hint: hint, explain: "farm.backends.port")
        }
    }

    private func objection(to port: PortRange, for range: PortRange) -> (FaultCode, String, String)? {
        let keepPort = "leave the port out to keep the listener's"
        if draft.farm.mode == .dsr { return (.dsrPort, "dsr cannot change the port from \(range) to \(port)", keepPort) }
        if port.isSingle { return nil }
        if port.count != range.count {
            return (
                .portsDoNotFit, "\(port) has \(port.count) ports, the listener's \(range) has \(range.count)",
                "a range of the same width, one port, or none"
            )
        }
        if port.count > FarmLimits.movedRangeWidth {
            return (
                .portsDoNotFit,
                "a range of \(port.count) ports cannot be moved from \(range) to \(port); at most \(FarmLimits.movedRangeWidth) can",
                keepPort
            )
        }
        return nil
    }

    private func checkSource(of entry: BackendDraft) {
        guard let source = entry.backend.sourceAddress, let reader = entry.source else { return }
        if case .snat = draft.farm.mode {
            guard source.family != entry.backend.address.family else { return }
            reader.fault(.sourceFamily, "\(source) is not of the backend's address family", hint: "the backend is \(entry.backend.address)")
        } else {
            reader.fault(
                .doesNotApply, "mode \(draft.farm.mode.name) keeps the client's address", hint: "leave sourceAddress out, or use mode snat")
        }
    }

    private func report(_ code: FaultCode, _ message: String, at spot: Spot, hint: String, other: Spot, _ note: String) {
        log.report(code, message, at: spot, hint: hint, explain: "farm.backends", related: log.related(other, note).map { [$0] } ?? [])
    }
}

extension AddressFamily {
    fileprivate var label: String { self == .ipv4 ? "IPv4" : "IPv6" }
}
