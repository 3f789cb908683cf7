import Glibc

/// A process that runs, as a person is told of it.
public struct RunningProcess: Sendable, Hashable, CustomStringConvertible {
    public let id: Int32
    /// As `ps -o comm` shows it.
    public let name: String

    /// Nil when there is none of this number, or it is not to be seen from here: in another container, say.
    public init?(id: Int32) {
        guard id > 0, let name = ProcFile.lines("/proc/\(id)/comm").first, !name.isEmpty else { return nil }
        (self.id, self.name) = (id, name)
    }

    public var description: String { "\(name), process \(id)" }

    /// Who has the socket open; nil when that is not to be found out. Looks at every descriptor of every process: for messages only.
    public static func holder(ofSocket inode: UInt64) -> RunningProcess? {
        let wanted = "socket:[\(inode)]"
        for id in ProcFile.names("/proc").compactMap({ Int32($0) }).sorted() {
            let directory = "/proc/\(id)/fd"
            if ProcFile.names(directory).contains(where: { ProcFile.target("\(directory)/\($0)") == wanted }) {
                return RunningProcess(id: id)
            }
        }
        return nil
    }

    /// Who has bound a netlink port, in the network namespace of the calling thread. `family`: of netlink(7), as NETLINK_NETFILTER.
    public static func holder(ofNetlinkPort port: UInt32, family: Int32) -> RunningProcess? {
        // sk Eth Pid Groups Rmem Wmem Dump Locks Drops Inode
        for line in ProcFile.lines("/proc/thread-self/net/netlink") {
            let fields = line.split(separator: " ")
            guard fields.count >= 10, Int32(fields[1]) == family, UInt32(fields[2]) == port else { continue }
            return UInt64(fields[9]).flatMap { holder(ofSocket: $0) }
        }
        return nil
    }
}
