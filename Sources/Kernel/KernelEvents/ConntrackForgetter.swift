import CNetfilter
import Glibc
import NetTypes
import Seams
import Synchronization

/// Deletes and counts connection tracking entries, over one socket that stays open.
///
/// The socket belongs to the network namespace of the thread that calls `init`. Calls block while the kernel walks its table (for
/// 100 000 entries up to 0.3 s) and exclude each other: call from a thread that may wait.
public final class ConntrackForgetter: ConnectionForgetter, ConnectionCounter {
    private let socket: Mutex<NetlinkSocket>

    /// - Throws: `DriverError`, when the socket cannot be opened.
    public init() throws(DriverError) {
        socket = Mutex(try NetlinkSocket.forRequests(NETLINK_NETFILTER))
    }

    /// - Throws: `DriverError`; the entries deleted before stay deleted.
    public func forgetUnanswered(_ backends: Set<DeadBackend>) throws -> Int {
        try socket.withLock { socket in
            try ConntrackDeletion.delete(try Self.unanswered(backends.map(ConntrackSelection.init), socket), socket)
        }
    }

    /// The connections of every backend: entries translated to it, without TCP connections that have ended.
    public func counts() throws -> [ConnectionTarget: Int] {
        try socket.withLock { socket in
            var counts: [ConnectionTarget: Int] = [:]
            try ConntrackWalk.living(socket) { _, entry in counts[entry.target, default: 0] += 1 }
            return counts
        }
    }

    /// The kernel sorts out for one backend; for several, one walk over all that is translated costs less than a walk each.
    private static func unanswered(_ selections: [ConntrackSelection], _ socket: NetlinkSocket) throws(DriverError) -> [ConntrackDeletion] {
        guard let first = selections.first else { return [] }
        let isOne = selections.count == 1
        let byAddress = Dictionary(grouping: selections, by: \.backend.address)
        let family = isOne ? first.backend.address.family : nil
        var found: [ConntrackDeletion] = []
        let narrowed = isOne ? first.unansweredDump() : ConntrackSelection.translatedDump()
        try ConntrackWalk.dump(narrowed: narrowed, whole: ConntrackSelection.dump(family: family), socket) { message in
            guard let entry = ConntrackEntry(message),
                byAddress[entry.backend.address]?.contains(where: { $0.containsUnanswered(entry) }) == true
            else { return }
            if let deletion = ConntrackDeletion(message, family: entry.backend.address.family) { found.append(deletion) }
        }
        return found
    }
}
