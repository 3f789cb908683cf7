import NetTypes
import Ruleset

extension Packet {
    /// In the words of a case's `packets`.
    var question: String {
        var words = ["\(source) -> \(destination)/\(transport)"]
        if let mac = sourceMAC, mac != CorpusHost.clientMAC { words.append("mac \(mac)") }
        if let device, device != CorpusHost.devices[0].link.name { words.append("by \(device)") }
        if transport == .tcp, flags != .syn { words.append("flags \(flags.words)") }
        if transport == .udp, !hasChecksum { words.append("no-checksum") }
        if isFlooded { words.append("flooded") }
        if let reporter { words.append("error-from \(reporter)") }
        if let connectionState { words.append("state \(connectionState.rawValue)") }
        if isFromHost { words.append("from-host") }
        return words.joined(separator: " ")
    }
}

extension TCPFlags {
    private static let names: [(word: String, flag: TCPFlags)] = [
        ("fin", .fin), ("syn", .syn), ("rst", .rst), ("psh", .psh), ("ack", .ack), ("urg", .urg),
    ]

    /// `syn,ack`, `none`
    var words: String {
        let words = Self.names.filter { contains($0.flag) }.map(\.word)
        return words.isEmpty ? "none" : words.joined(separator: ",")
    }

    init?(words: String) {
        self = []
        for word in words.split(separator: ",") where word != "none" {
            guard let known = Self.names.first(where: { $0.word == word }) else { return nil }
            insert(known.flag)
        }
    }
}
