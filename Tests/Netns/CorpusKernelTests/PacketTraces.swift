import NetTypes
import Ruleset
import TestNamespaces

/// The kernel's own trace of packets: a table of the tests' marks what comes in, and nf_tables tells of each rule that it meets.
struct PacketTraces {
    /// What the kernel tells of one packet.
    struct Trace {
        /// Rules of ours of which every statement held, in order.
        var rules: [RulePlace] = []
        /// As it stood when it had reached the host itself; nil when it has not.
        var delivered: TraceEvent.Headers?
    }

    private let socket: NetfilterSocket
    private let handles: RuleHandles

    /// To be made, and used, in the balancer's namespace, between `install` and `remove`, when the ruleset is complete.
    init() throws { (socket, handles) = (try NetfilterSocket(groups: NetfilterSocket.traces), try RuleHandles()) }

    /// By the probes' numbers, since the last call. The kernel tells while it handles a packet: of one that is through nothing is missing.
    func read() throws -> [UInt32: Trace] {
        var (traces, numbers): ([UInt32: Trace], [UInt32: UInt32]) = ([:], [:])
        for event in try socket.received().compactMap({ TraceEvent($0) }) {
            // Numbers of the kernel's come again; each hook begins with the packet itself.
            if let packet = event.packet { numbers[event.id] = packet.probe }
            guard let number = numbers[event.id] else { continue }
            if event.table == Ruleset.tableName, let rule = event.rule {
                guard let place = handles[event.family, rule] else { throw TestFault("no rule has the handle \(rule)") }
                traces[number, default: Trace()].rules.append(place)
            }
            if event.table == Self.table, event.chain == Self.input, let packet = event.packet {
                traces[number, default: Trace()].delivered = packet
            }
        }
        return traces
    }
}

extension PacketTraces {
    private static let table = "watch"
    private static let input = "input"

    static func install(on devices: [String]) throws { try Shell.run("nft -f - <<'END'\n\(text(devices))END") }
    static func remove() throws { try Shell.run("nft delete table netdev \(table); nft delete table inet \(table)") }

    /// Where nobody listens the host answers with a reset, at which conntrack forgets the connection that we want to ask it about:
    /// they are held back. The resets of rules belong to a connection before they are sent.
    private static func text(_ devices: [String]) -> String {
        let ingress = devices.map { device in
            "chain \(device) { type filter hook ingress device \(device) priority -500; meta nftrace set 1; }\n"
        }
        return """
            table netdev \(table) {
                \(ingress.joined())
            }
            table inet \(table) {
                chain output {
                    type filter hook output priority -400;
                    tcp flags & rst == rst tcp window 0 ct state invalid drop
                    meta nftrace set 1
                }
                chain \(input) {
                    type filter hook input priority 500;
                    accept
                }
            }

            """
    }
}
