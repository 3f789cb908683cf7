import CNetfilter
import CRoute
import Glibc
import NetTypes
import Processes
import Seams
import Synchronization

/// Asks the kernel about links, neighbours and routes, over one socket that stays open: closing one costs 14–22 ms.
///
/// The socket belongs to the network namespace of the thread that calls `init`. Calls block for one exchange with the kernel and may
/// come from any thread.
public final class RouteObserver: NetworkObserver {
    private let socket: Mutex<NetlinkSocket>

    /// - Throws: `DriverError`, when the socket cannot be opened.
    public init() throws(DriverError) {
        socket = Mutex(try NetlinkSocket.forRequests(NETLINK_ROUTE))
    }

    /// - Throws: `DriverError`; `.refused` with EINTR when the network changed during each of eight readings.
    public func read() throws -> NetworkView {
        try socket.withLock { socket in
            NetworkView(links: try Self.links(socket), neighbours: try Self.neighbours(socket))
        }
    }

    public func onLinkDevice(to address: IPAddress) throws -> UInt32? {
        try socket.withLock { try RouteLookup.onLinkDevice(to: address, $0) }
    }

    public func isForwarding(_ family: AddressFamily) -> Bool? {
        let path = family == .ipv4 ? "/proc/sys/net/ipv4/ip_forward" : "/proc/sys/net/ipv6/conf/all/forwarding"
        return ProcFile.lines(path).first.map { $0 != "0" }
    }

    /// Creates the neighbour and solicits it; one that is known is verified at once instead of after its five seconds of delay.
    /// Static entries are left as they are.
    ///
    /// - Throws: `DriverError`, with ENODEV or ENXIO when the device is gone.
    public func resolve(_ address: IPAddress, device: UInt32) throws {
        try socket.withLock { try NeighbourSolicitation.send(for: address, device: device, $0) }
    }

    private static func links(_ socket: NetlinkSocket) throws(DriverError) -> [UInt32: LinkState] {
        let request = NetlinkRequest(type: RTM_GETLINK, flags: NLM_F_DUMP)
        request.fixedHeader(ifinfomsg())
        request.put(IFLA_EXT_MASK, native: UInt32(RTEXT_FILTER_SKIP_STATS))
        return try dump(request, to: "read the links", socket) { message, links in
            if let link = RouteEvents.link(message) { links[link.device.index] = link }
        }
    }

    private static func neighbours(_ socket: NetlinkSocket) throws(DriverError) -> [NetworkView.Neighbour: MACAddress] {
        let request = NetlinkRequest(type: RTM_GETNEIGH, flags: NLM_F_DUMP)
        request.fixedHeader(ndmsg())
        return try dump(request, to: "read the neighbours", socket) { message, neighbours in
            if let (key, mac) = RouteEvents.neighbour(message) { neighbours[key] = mac }
        }
    }

    /// Dumps again while the kernel says that it changed underneath.
    private static func dump<Key: Hashable, Value>(
        _ request: borrowing NetlinkRequest, to purpose: String, _ socket: NetlinkSocket,
        collect: (NetlinkMessage, inout [Key: Value]) -> Void
    ) throws(DriverError) -> [Key: Value] {
        for _ in 0..<8 {
            var entries: [Key: Value] = [:]
            if try socket.ask(request, to: purpose, each: { collect($0, &entries) }) { return entries }
        }
        throw .failed(purpose, EINTR)
    }
}
