import CNetfilter
import CRoute
import Glibc
import NetTypes
import Seams

/// Notices of links, neighbours, addresses and routes.
enum RouteEvents {
    private static let groups = [
        RTNLGRP_LINK, RTNLGRP_NEIGH, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE,
    ]

    static func socket(receiveBytes: Int) throws(DriverError) -> NetlinkSocket {
        let socket = try NetlinkSocket(NETLINK_ROUTE, receiveBytes: receiveBytes)
        try socket.bind(to: groups.map { Int32($0.rawValue) })
        return socket
    }

    static func decode(_ message: NetlinkMessage) -> KernelEvent? {
        switch Int(message.type) {
        case RTM_NEWLINK: link(message).map { .link($0) }
        case RTM_DELLINK: isOfDevice(message) ? message.fixedHeader(ifinfomsg.self).map { .linkGone(index: UInt32($0.ifi_index)) } : nil
        case RTM_NEWNEIGH: neighbour(message).map { .neighbour($0.address, device: $0.device, $1) }
        case RTM_DELNEIGH: neighbour(message).map { key, _ in .neighbour(key.address, device: key.device, nil) }
        case RTM_NEWADDR, RTM_DELADDR: address(message)
        case RTM_NEWROUTE, RTM_DELROUTE: isCached(message) ? nil : .routes
        default: nil
        }
    }

    static func link(_ message: NetlinkMessage) -> LinkState? {
        isOfDevice(message) ? RouteObject(message)?.link : nil
    }

    static func neighbour(_ message: NetlinkMessage) -> (NetworkView.Neighbour, MACAddress?)? {
        // A bridge's forwarding table comes through the same group.
        let family = Int32(message.fixedHeader(ndmsg.self)?.ndm_family ?? 0)
        guard family == AF_INET || family == AF_INET6 else { return nil }
        return RouteObject(message)?.neighbour
    }

    private static func address(_ message: NetlinkMessage) -> KernelEvent? {
        guard let (address, device) = RouteObject(message)?.ownAddress else { return nil }
        return .address(address, device: device, isPresent: Int(message.type) == RTM_NEWADDR)
    }

    /// A device that leaves a bridge is announced as RTM_DELLINK of family AF_BRIDGE, and lives on.
    private static func isOfDevice(_ message: NetlinkMessage) -> Bool {
        message.fixedHeader(ifinfomsg.self).map { Int32($0.ifi_family) == AF_UNSPEC } ?? false
    }

    private static func isCached(_ message: NetlinkMessage) -> Bool {
        message.fixedHeader(rtmsg.self).map { $0.rtm_flags & UInt32(RTM_F_CLONED) != 0 } ?? true
    }
}
