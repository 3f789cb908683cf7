import CLinux
import ControlAPI
import Glibc

/// What the daemon and the programs that it runs may do: change the network, and nothing else that root may.
enum Privileges {
    /// Numbers of linux/capability.h.
    private enum Capability {
        static let kill = 5
        static let setGroup = 6
        static let setUser = 7
        static let netBindService = 10
        static let netAdmin = 12
        static let netRaw = 13
    }

    /// The group that may talk to the control socket.
    static let group = Product.group

    /// Called before any thread is made.
    static func drop(for settings: Settings) {
        joinGroup()
        // A process without capabilities has none to drop; what it then lacks is said by the first netlink call.
        _ = clinux_keep_capabilities(kept(for: settings))
    }

    /// Bit n is capability n. Checks and hooks run programs as other users, and end them: the daemon does it for checks, timeout(1) and
    /// setpriv(1) for hooks. These two get what the daemon has, not more, where its unit says NoNewPrivileges.
    static func kept(for settings: Settings) -> UInt64 {
        let network = [Capability.netBindService, Capability.netAdmin, Capability.netRaw]
        let programs = [Capability.kill, Capability.setGroup, Capability.setUser]
        return (network + (settings.runsProgramsAsOthers ? programs : [])).reduce(UInt64(0)) { $0 | 1 << UInt64($1) }
    }

    /// A member may give a file to its group; without CAP_CHOWN nobody else can.
    private static func joinGroup() {
        guard let entry = getgrnam(group) else { return }
        var groups = [gid_t](repeating: 0, count: 64)
        let count = getgroups(Int32(groups.count), &groups)
        guard count >= 0 else { return }
        groups = Array(groups.prefix(Int(count))) + [entry.pointee.gr_gid]
        _ = setgroups(groups.count, groups)
    }
}
