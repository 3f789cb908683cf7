import NetTypes
import Ruleset

/// A packet of a case and where it has to end.
///
/// `192.0.2.2:4000 -> 203.0.113.10:80/tcp  dnat 10.0.1.12:8080 masquerade`; two blanks stand before the answer. The packet may add
/// `mac MAC`, its source's; `by DEVICE`, which it comes in by; `flags syn,ack` (tcp; a line without them is a SYN), `flags none`;
/// `state invalid`, where conntrack's opinion does not follow from flags and the packets before; `no-checksum` (udp);
/// `flooded`, when the frame is addressed to somebody else; `error-from ADDRESS`: not the packet, but an ICMP error of that router about
/// what the listener has sent to the packet's source; `from-host`, when the balancer itself sends it, `mark 0x10000` with that mark on it, and
/// `to DEVICE`, where its frame goes to that device's gateway. Several ways are written `50% … | 50% …`.
public struct PacketLine: Sendable {
    /// As written.
    public let question: String
    public let packet: Packet
    /// As written; "" in a line whose answer has not been recorded yet.
    public let answer: String
    /// The line above it, `--- 2s` or `--- anew`.
    public let interlude: Interlude?

    /// What happens between two packets.
    public enum Interlude: Sendable, Hashable {
        case pause(Duration)
        /// All that packets have left behind is forgotten.
        case anew
    }

    init(_ line: String, after interlude: Interlude? = nil) throws(CorpusFault) {
        var parts = line.split(separator: "  ", maxSplits: 1).map(String.init)
        if parts.count == 1 { parts.append("") }
        (question, answer) = (parts[0], String(parts[1].drop { $0 == " " }))
        packet = try PacketQuestion(question).packet
        self.interlude = interlude
    }

    /// A packet as a line of a file, without its answer.
    public init(_ packet: Packet) {
        (self.packet, question) = (packet, packet.question)
        (answer, interlude) = ("", nil)
    }

    /// Reads a whole file.
    static func lines(_ text: String) throws(CorpusFault) -> [PacketLine] {
        var (lines, interlude): ([PacketLine], Interlude?) = ([], nil)
        for line in CaseText.lines(text) {
            if let next = try Self.interlude(line) {
                interlude = next
            } else {
                lines.append(try PacketLine(line, after: interlude))
                interlude = nil
            }
        }
        return lines
    }

    static func interlude(_ line: String) throws(CorpusFault) -> Interlude? {
        guard line.hasPrefix("---") else { return nil }
        if line == "--- anew" { return .anew }
        guard line.hasPrefix("--- "), line.hasSuffix("s"), let seconds = Int(line.dropFirst(4).dropLast()) else {
            throw CorpusFault("packets: \"\(line)\" is not understood: it is --- 2s or --- anew")
        }
        return .pause(.seconds(seconds))
    }

    /// The ways that the file allows, by their text.
    public var ways: [String: Double] {
        let ways = answer.components(separatedBy: " | ").map { way -> (String, Double) in
            guard let percent = way.firstIndex(of: "%"), let share = Double(way[..<percent]) else { return (way, 1) }
            return (String(way[way.index(percent, offsetBy: 2)...]), share / 100)
        }
        return Dictionary(ways) { $0 + $1 }
    }
}

/// The words that describe a packet.
private struct PacketQuestion {
    private(set) var packet: Packet

    init(_ text: String) throws(CorpusFault) {
        let fault = CorpusFault("packets: \"\(text)\" is not understood")
        var words = text.split(separator: " ").map(String.init)[...]
        guard words.count >= 3, words[1] == "->", let source = Endpoint(words[0]) else { throw fault }
        let target = words[2].split(separator: "/").map(String.init)
        guard target.count == 2, let destination = Endpoint(target[0]), let transport = TransportProtocol(target[1]) else { throw fault }
        packet = Packet(source: source, destination: destination, transport: transport)
        words = words.dropFirst(3)
        var (device, mac): (String, MACAddress) = ("front", CorpusHost.clientMAC)
        while let word = words.popFirst() {
            switch word {
            case "from-host": packet.isFromHost = true
            case "no-checksum": packet.hasChecksum = false
            case "mark":
                guard let mark = words.popFirst().flatMap({ UInt32($0.dropFirst(2), radix: 16) }) else { throw fault }
                packet.mark = mark
            case "to":
                guard let way = words.popFirst().flatMap({ CorpusHost.device(named: $0) }) else { throw fault }
                packet.departure = NextHop(destination: way.gateway.mac, device: way.link, source: way.mac)
            case "flooded": packet.isFlooded = true
            case "error-from":
                guard let reporter = words.popFirst().flatMap({ IPAddress($0) }) else { throw fault }
                packet.reporter = reporter
            case "by": device = words.popFirst() ?? ""
            case "mac":
                guard let given = words.popFirst().flatMap({ MACAddress($0) }) else { throw fault }
                mac = given
            case "flags":
                guard let flags = words.popFirst().flatMap({ TCPFlags(words: $0) }) else { throw fault }
                packet.flags = flags
            case "state":
                guard let state = words.popFirst().flatMap({ ConnectionState(rawValue: $0) }) else { throw fault }
                packet.connectionState = state
            default: throw fault
            }
        }
        guard !packet.isFromHost else { return }
        guard let device = CorpusHost.device(named: device) else { throw fault }
        (packet.device, packet.sourceMAC) = (device.link.name, mac)
        packet.destinationMAC = packet.isFlooded ? CorpusHost.strangerMAC : device.mac
    }
}
