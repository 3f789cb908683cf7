import NetTypes
import Ruleset
import TestNamespaces

/// The connections that the kernel knows, as `conntrack -L` shows them.
struct ConntrackTable {
    struct Direction: Hashable {
        let source: Endpoint
        let destination: Endpoint
        let transport: TransportProtocol
    }
    struct Entry {
        let original: Direction
        let reply: Direction
    }

    private let entries: [Direction: Entry]
    private let replies: Set<Direction>

    /// Of the calling thread's namespace.
    init() throws {
        let all = try ["ipv4", "ipv6"].flatMap { family in
            try Shell.run("conntrack -L -f \(family) 2>/dev/null").split(separator: "\n").compactMap { Self.entry($0) }
        }
        entries = Dictionary(all.map { ($0.original, $0) }) { first, _ in first }
        replies = Set(all.map(\.reply))
    }

    /// The connection that the packet could have begun.
    func entry(of packet: Packet) -> Entry? { entries[Direction(packet)] }
    func isReply(_ packet: Packet) -> Bool { entry(of: packet) == nil && replies.contains(Direction(packet)) }

    private static func entry(_ line: Substring) -> Entry? {
        let words = line.split(separator: " ")
        // Its number: names are not known of all.
        guard words.count > 1, let transport = UInt8(words[1]).flatMap(TransportProtocol.init(rawValue:)) else { return nil }
        func values(_ key: String) -> [String] { words.filter { $0.hasPrefix(key) }.map { String($0.dropFirst(key.count)) } }
        let (sources, destinations) = (values("src=").compactMap { IPAddress($0) }, values("dst=").compactMap { IPAddress($0) })
        func ports(_ key: String) -> [UInt16] { transport.hasPorts ? values(key).compactMap { UInt16($0) } : [0, 0] }
        let (from, to) = (ports("sport="), ports("dport="))
        guard [sources.count, destinations.count, from.count, to.count].allSatisfy({ $0 == 2 }) else { return nil }
        func direction(_ index: Int) -> Direction {
            Direction(
                source: Endpoint(address: sources[index], port: from[index]),
                destination: Endpoint(address: destinations[index], port: to[index]), transport: transport)
        }
        return Entry(original: direction(0), reply: direction(1))
    }
}

extension ConntrackTable.Direction {
    fileprivate init(_ packet: Packet) {
        self.init(source: packet.source, destination: packet.destination, transport: packet.transport)
    }
}
