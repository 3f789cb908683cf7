import NetTypes
import Ruleset

/// A packet of a case and where it has to end.
///
/// `192.0.2.2:4000 -> 203.0.113.10:80/tcp  dnat 10.0.1.12:8080 masquerade`; two blanks stand before the answer. The packet may add
/// `mac MAC`, its source's, and `by DEVICE`, which it comes in by. Several ways are written `50% … | 50% …`.
public struct PacketLine: Sendable {
    /// As written.
    public let question: String
    public let packet: Packet
    /// As written; "" in a line whose answer has not been recorded yet.
    public let answer: String

    init(_ line: String) throws(CorpusFault) {
        var parts = line.split(separator: "  ", maxSplits: 1).map(String.init)
        if parts.count == 1 { parts.append("") }
        (question, answer) = (parts[0], String(parts[1].drop { $0 == " " }))
        packet = try Self.packet(question)
    }

    private static func packet(_ question: String) throws(CorpusFault) -> Packet {
        let words = question.split(separator: " ").map(String.init)
        let fault = CorpusFault("packets: \"\(question)\" is not understood")
        guard words.count >= 3, words.count % 2 == 1, words[1] == "->", let source = Endpoint(words[0]) else { throw fault }
        let target = words[2].split(separator: "/").map(String.init)
        guard target.count == 2, let destination = Endpoint(target[0]), let transport = TransportProtocol(target[1]) else { throw fault }
        let options = Dictionary(stride(from: 3, to: words.count, by: 2).map { (words[$0], words[$0 + 1]) }) { first, _ in first }
        guard let device = CorpusHost.device(named: options["by"] ?? "front") else { throw fault }
        guard let mac = options["mac"].map(MACAddress.init) ?? CorpusHost.clientMAC else { throw fault }
        return Packet(
            device: device.link.name, sourceMAC: mac, destinationMAC: device.mac, source: source, destination: destination,
            transport: transport)
    }

    /// What the tracer says of the packet, in the words of the file.
    public func traced(_ ruleset: Ruleset) -> String { Self.text(Tracer(ruleset).trace(packet)) }

    /// The ways that the file allows, by their text.
    public var ways: [String: Double] {
        let ways = answer.components(separatedBy: " | ").map { way -> (String, Double) in
            guard let percent = way.firstIndex(of: "%"), let share = Double(way[..<percent]) else { return (way, 1) }
            return (String(way[way.index(percent, offsetBy: 2)...]), share / 100)
        }
        return Dictionary(ways) { $0 + $1 }
    }

    private static func text(_ traces: [PacketTrace]) -> String {
        let ways = traces.map { (text: $0.fate.words, share: $0.share) }
            .sorted { $0.share == $1.share ? $0.text < $1.text : $0.share > $1.share }
        return ways.map { ways.count == 1 ? $0.text : "\(percent($0.share)) \($0.text)" }.joined(separator: " | ")
    }

    private static func percent(_ share: Double) -> String {
        let tenths = Int((share * 1000).rounded())
        return "\(tenths / 10).\(tenths % 10)%"
    }
}

extension PacketFate {
    /// As the `packets` file of a case says it.
    public var words: String {
        switch self {
        case .translated(let backend, nil): "dnat \(backend)"
        case .translated(let backend, .masquerade): "dnat \(backend) masquerade"
        case .translated(let backend, .address(let source)): "dnat \(backend) from \(source)"
        case .forwarded(let mac, let source, let device):
            "forward \(mac) from \(source) by \(CorpusHost.devices.first { $0.link.index == device }?.link.name ?? "\(device)")"
        case .rejected(.tcpReset): "reject tcp-reset"
        case .rejected(.administrativelyProhibited): "reject prohibited"
        case .dropped: "drop"
        case .passed: "pass"
        }
    }
}
