import NetTypes
import Ruleset

/// One line of a packet's trace (linux/netfilter/nf_tables.h, NFTA_TRACE_*).
struct TraceEvent {
    /// Tells packets that are under way at once.
    let id: UInt32
    let family: UInt8
    let table: String
    let chain: String
    /// The handle of a rule of which every statement held; nil where a chain ends.
    let rule: UInt64?
    /// Only the first event of each hook brings the packet.
    let packet: Headers?

    struct Headers {
        /// The number of our probe; nil for any other packet.
        let probe: UInt32?
        let source: Endpoint
        let destination: Endpoint
    }

    private static let trace: UInt16 = 10 << 8 | 17
    private static let ruleKind: UInt64 = 3
    private enum Attribute {
        static let table: UInt16 = 1
        static let chain: UInt16 = 2
        static let rule: UInt16 = 3
        static let kind: UInt16 = 4
        static let id: UInt16 = 6
        static let network: UInt16 = 8
        static let transport: UInt16 = 9
    }

    init?(_ message: NetlinkMessages.Message) {
        let values = message.attributes
        guard message.type == Self.trace, let id = values[Attribute.id], let table = values[Attribute.table] else { return nil }
        (self.id, family) = (UInt32(octets: id), message.family)
        (self.table, chain) = (table.text, values[Attribute.chain]?.text ?? "")
        rule = values[Attribute.kind]?.number == Self.ruleKind ? values[Attribute.rule]?.number : nil
        packet = values[Attribute.network].flatMap { network in
            values[Attribute.transport].flatMap { IPPacket(network + $0) }.map {
                Headers(probe: $0.probeNumber, source: $0.source, destination: $0.destination)
            }
        }
    }
}
