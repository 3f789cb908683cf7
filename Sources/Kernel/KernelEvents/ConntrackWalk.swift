import CNetfilter
import Glibc
import Seams

/// A walk over the connection tracking table.
enum ConntrackWalk {
    /// Takes the whole dump where a kernel refuses to narrow it; each refuses before it sends the first entry.
    static func dump(
        narrowed: borrowing NetlinkRequest, whole: borrowing NetlinkRequest, _ socket: NetlinkSocket, each: (NetlinkMessage) -> Void
    ) throws(DriverError) {
        let purpose = "read the connection tracking table"
        do {
            try socket.ask(narrowed, to: purpose, each: each)
        } catch  where error.errno == EOPNOTSUPP || error.errno == EINVAL {
            try socket.ask(whole, to: purpose, each: each)
        }
    }

    /// The connections of every backend: entries translated to it, without TCP connections that have ended.
    static func living(_ socket: NetlinkSocket, each: (NetlinkMessage, ConntrackEntry) -> Void) throws(DriverError) {
        try dump(narrowed: ConntrackSelection.translatedDump(), whole: ConntrackSelection.dump(family: nil), socket) { message in
            guard let entry = ConntrackEntry(message), entry.isTranslated, entry.isAlive else { return }
            each(message, entry)
        }
    }
}

extension ConntrackEntry {
    var target: ConnectionTarget { ConnectionTarget(listener: listener, endpoint: backend, transport: transport) }
}
