import NetTypes
import Ruleset

extension PacketFate {
    /// As the `packets` file of a case says it.
    public var words: String {
        switch self {
        case .translated(let backend, nil): "dnat \(backend)"
        case .translated(let backend, .masquerade): "dnat \(backend) masquerade"
        case .translated(let backend, .address(let source)): "dnat \(backend) from \(source)"
        case .answered(let client, let listener): "answer \(client) from \(listener)"
        case .rewritten(let to, let from, let device):
            "rewrite \(to) from \(from) \(device.map { "by \(CorpusHost.name(of: $0))" } ?? "routed")"
        case .forwarded(let mac, let source, let device): "forward \(mac) from \(source) by \(CorpusHost.name(of: device))"
        case .rejected(.tcpReset): "reject tcp-reset"
        case .rejected(.administrativelyProhibited): "reject prohibited"
        case .challenged: "challenge"
        case .dropped: "drop"
        case .passed: "pass"
        }
    }
}

extension CorpusHost {
    fileprivate static func name(of index: UInt32) -> String { devices.first { $0.link.index == index }?.link.name ?? "\(index)" }
}
