import ControlAPI
import FarmModel
import NetTypes
import Ruleset
import Seams

extension Reconciler {
    /// Computed by the model on what was committed; the kernel is not asked.
    public func trace(from: String, to: String) async throws(Problem) -> TraceView {
        var packet = try packet(from, to)
        let farm = owner(of: packet)
        // The rules are the same on every device; the first one stands for all.
        if farm?.mode.usesConntrack == false { packet.device = desired.ruleset[.netdev]?.chains.lazy.compactMap(\.ingressDevice).first }
        let traces = Tracer(committed).trace(packet)
        return TraceView(
            from: packet.source.description, to: "\(packet.destination)/\(packet.transport)",
            steps: traces.first?.steps.map(\.description) ?? [],
            outcomes: traces.map { trace in
                .init(result: words(trace.fate), farm: farm?.name, backend: farm.flatMap { backend(trace.fate, $0) }, share: trace.share)
            })
    }

    private func packet(_ from: String, _ to: String) throws(Problem) -> Packet {
        let parts = to.split(separator: "/", maxSplits: 1).map(String.init)
        let transport = parts.count == 2 ? TransportProtocol(parts[1]) : .tcp
        guard let first = parts.first, let transport, transport != .all, let destination = Self.destination(first, transport) else {
            throw Problem(
                title: "Bad request", status: 400, detail: "--to is ADDRESS:PORT, ADDRESS:PORT/udp or ADDRESS/icmp, not \"\(to)\"")
        }
        guard let source = Endpoint(from) ?? IPAddress(from).map({ Endpoint(address: $0, port: Self.unnamedPort) }) else {
            throw Problem(title: "Bad request", status: 400, detail: "--from is ADDRESS or ADDRESS:PORT, not \"\(from)\"")
        }
        guard source.address.family == destination.address.family else {
            throw Problem(title: "Bad request", status: 400, detail: "--from and --to are of different address families")
        }
        return Packet(source: source, destination: destination, transport: transport)
    }

    private static func destination(_ text: String, _ transport: TransportProtocol) -> Endpoint? {
        transport.hasPorts ? Endpoint(text) : IPAddress(text).map { Endpoint(address: $0, port: 0) }
    }

    /// Stands for "some port" where the question names none; any number does, it only has to be the same each time.
    private static let unnamedPort: UInt16 = 40000

    private func owner(of packet: Packet) -> Farm? {
        let owners = desired.farms.values.filter { $0.listens(at: packet.destination, packet.transport) }
        // A listener with ports comes before one that takes the whole address.
        return owners.first { $0.listens(at: packet.destination, packet.transport, byPort: true) } ?? owners.first
    }

    private func backend(_ fate: PacketFate, _ farm: Farm) -> String? {
        switch fate {
        case .translated(let endpoint, _), .rewritten(let endpoint, _, _):
            let candidates = farm.backends.filter { $0.address == endpoint.address }
            return (candidates.first { $0.port?.contains(endpoint.port) == true } ?? candidates.first)?.name
        case .forwarded(let mac, _, _):
            return farm.backends.first { desired.nextHops[$0.address]?.destination == mac }?.name
        case .answered, .rejected, .challenged, .dropped, .passed: return nil
        }
    }

    private func words(_ fate: PacketFate) -> String {
        switch fate {
        case .translated(let endpoint, nil): "dnat \(endpoint)"
        case .translated(let endpoint, .masquerade): "dnat \(endpoint), masquerade"
        case .translated(let endpoint, .address(let source)): "dnat \(endpoint), snat \(source)"
        case .answered(let endpoint, let source): "reply to \(endpoint) from \(source)"
        case .rewritten(let endpoint, _, let device):
            "stateless \(endpoint), \(device.map { "via \(view.links[$0]?.device.name ?? "device \($0)")" } ?? "routed")"
        case .forwarded(let mac, _, let device): "dsr \(mac) via \(view.links[device]?.device.name ?? "device \(device)")"
        case .rejected(.tcpReset): "reject with tcp reset"
        case .rejected(.administrativelyProhibited): "reject with icmp"
        case .challenged: "SYN cookie; who brings it back is balanced"
        case .dropped: "drop"
        case .passed: "pass"
        }
    }
}

extension Chain {
    var ingressDevice: String? {
        if case .ingress(let device) = base?.hook { device } else { nil }
    }
}
