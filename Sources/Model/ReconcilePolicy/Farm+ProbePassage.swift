import FarmModel
import NetTypes

extension Farm {
    /// How probes of this backend enter the farm's rules; nil where the mode has no way for them.
    func probePassage(to backend: Backend) -> ProbePassage? {
        guard let kind = passageKind else { return nil }
        return ProbePassage(kind: kind, tcp: door(to: backend, .tcp), udp: door(to: backend, .udp))
    }

    private var passageKind: ProbePassage.Kind? {
        switch mode {
        case .dnat, .snat: .translated
        case .dsr: .direct
        case .stateless: .stateless
        // The host's own servers are where their listeners are: there is nothing between.
        case .local: nil
        }
    }

    /// At the first port of the first listener that has the protocol, or else of one that takes its whole address.
    private func door(to backend: Backend, _ carrier: TransportProtocol) -> ProbePassage.Door? {
        let own = listeners.filter { $0.address.family == backend.address.family }
        guard let listener = own.first(where: { $0.transport == carrier }) ?? own.first(where: \.isWhole) else { return nil }
        guard let ports = listener.ports.first else {
            return (backend.health ?? health).port.map {
                ProbePassage.Door(listener: Endpoint(address: listener.address, port: $0), port: $0, keepsPort: true)
            }
        }
        return ProbePassage.Door(
            listener: Endpoint(address: listener.address, port: ports.first), port: backend.port?.first ?? ports.first,
            keepsPort: mode == .stateless && form(of: ports, backend.address.family) == .kept)
    }
}
