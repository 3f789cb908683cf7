import FarmModel
import NetTypes

extension FarmRules {
    /// A port range keeps its width on the way to the backend, in dsr the port itself, and in stateless there has to be a way back.
    func checkPorts(of entry: BackendDraft) {
        guard let port = entry.backend.port else { return }
        let listeners = draft.listeners.entries.map(\.value).filter { $0.address.family == entry.backend.address.family }
        if !listeners.isEmpty, listeners.allSatisfy(\.isWhole) {
            return log.report(
                .doesNotApply, "protocol all keeps every port", at: entry.portSpot,
                hint: "leave the port out; health.port says where to probe", explain: "farm.backends.port")
        }
        for range in Set(listeners.flatMap(\.ports)).sorted() where range != port {
            guard let (code, message, hint) = objection(to: port, for: range) else { continue }
            return log.report(code, message, at: entry.portSpot, hint: hint, explain: "farm.backends.port")
        }
    }

    private func objection(to port: PortRange, for range: PortRange) -> (FaultCode, String, String)? {
        let keepPort = "leave the port out to keep the listener's"
        if draft.farm.mode == .dsr { return (.dsrPort, "dsr cannot change the port from \(range) to \(port)", keepPort) }
        if port.isSingle, !range.isSingle, draft.farm.mode == .stateless {
            return (.portsDoNotFit, "replies from port \(port) could be of any port of \(range): nothing remembers which", keepPort)
        }
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
}
