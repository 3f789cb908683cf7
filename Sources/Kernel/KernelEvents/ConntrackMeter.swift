import CNetfilter
import Glibc
import NetTypes
import Seams
import Synchronization

/// Reads what conntrack says of itself, over a socket that stays open and belongs to the network namespace of the thread that calls `init`.
public final class ConntrackMeter: ConntrackGauge {
    private let socket: Mutex<NetlinkSocket>

    /// - Throws: `DriverError`, when the socket cannot be opened.
    public init() throws(DriverError) {
        socket = Mutex(try NetlinkSocket.forRequests(NETLINK_NETFILTER))
    }

    public func statistics() throws(DriverError) -> ConntrackStatistics {
        try socket.withLock { socket throws(DriverError) in
            var statistics = ConntrackStatistics()
            try Self.ask(IPCTNL_MSG_CT_GET_STATS, NLM_F_ACK, socket) { statistics.takeGlobal($0) }
            // One message for each CPU.
            try Self.ask(IPCTNL_MSG_CT_GET_STATS_CPU, NLM_F_DUMP, socket) { statistics.takeCPU($0) }
            return statistics
        }
    }

    public func sourcePorts() throws(DriverError) -> [SourcePortUser: Int] {
        try socket.withLock { socket throws(DriverError) in
            var ports: [SourcePortUser: Int] = [:]
            try ConntrackWalk.dump(
                narrowed: ConntrackSelection.translatedDump(), whole: ConntrackSelection.dump(family: nil), socket
            ) { message in
                guard let entry = ConntrackEntry(message), entry.isTranslated, entry.hasTranslatedSource,
                    let source = ConntrackEntry.translatedSource(message)
                else { return }
                ports[SourcePortUser(source: source, backend: entry.backend, transport: entry.transport), default: 0] += 1
            }
            return ports
        }
    }

    private static func ask(
        _ message: cntl_msg_types, _ flags: Int32, _ socket: NetlinkSocket, _ take: (NetlinkAttributes) -> Void
    ) throws(DriverError) {
        let request = NetlinkRequest(type: conntrackType(message), flags: flags)
        request.fixedHeader(conntrackHeader(nil))
        try socket.ask(request, to: "read conntrack's statistics") { take($0.attributes(after: nfgenmsg.self)) }
    }
}

extension ConntrackStatistics {
    fileprivate mutating func takeGlobal(_ attributes: NetlinkAttributes) {
        for attribute in attributes {
            let number = Int(attribute.bigEndian(UInt32.self) ?? 0)
            switch attribute.type {
            case Int(CTA_STATS_GLOBAL_ENTRIES.rawValue): entries = number
            case Int(CTA_STATS_GLOBAL_MAX_ENTRIES.rawValue): limit = number
            default: break
            }
        }
    }

    fileprivate mutating func takeCPU(_ attributes: NetlinkAttributes) {
        for attribute in attributes {
            let number = UInt64(attribute.bigEndian(UInt32.self) ?? 0)
            switch attribute.type {
            case Int(CTA_STATS_DROP.rawValue): drops += number
            case Int(CTA_STATS_EARLY_DROP.rawValue): earlyDrops += number
            case Int(CTA_STATS_INSERT_FAILED.rawValue): insertFailures += number
            case Int(CTA_STATS_CHAIN_TOOLONG.rawValue): chainsTooLong += number
            default: break
            }
        }
    }
}
