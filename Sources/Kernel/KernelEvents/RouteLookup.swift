import CNetfilter
import CRoute
import Glibc
import NetTypes
import Seams

/// Where a packet would leave, as the kernel's own lookup says (policy rules without a mark included).
enum RouteLookup {
    /// What the kernel answers when no packet would leave: no route, or one that refuses.
    private static let unreachable: Set = [ENETUNREACH, EHOSTUNREACH, EACCES, EINVAL, ENETDOWN]

    static func onLinkDevice(to address: IPAddress, _ socket: NetlinkSocket) throws(DriverError) -> UInt32? {
        let request = NetlinkRequest(type: RTM_GETROUTE, flags: NLM_F_ACK)
        request.fixedHeader(header(for: address))
        request.put(RTA_DST.rawValue, bytes: address.octets)
        var device: UInt32?
        do {
            try socket.ask(request, to: "look up the route to \(address)") { device = onLinkDevice($0) }
        } catch  where unreachable.contains(error.errno) {
            return nil
        }
        return device
    }

    private static func header(for address: IPAddress) -> rtmsg {
        var header = rtmsg()
        header.rtm_family = UInt8(address.family == .ipv4 ? AF_INET : AF_INET6)
        header.rtm_dst_len = UInt8(address.family.addressLength * 8)
        return header
    }

    private static func onLinkDevice(_ message: NetlinkMessage) -> UInt32? {
        guard let route = RouteObject(message), rtnl_route_get_type(route.pointer) == UInt8(RTN_UNICAST),
            rtnl_route_get_nnexthops(route.pointer) == 1, let hop = rtnl_route_nexthop_n(route.pointer, 0),
            rtnl_route_nh_get_gateway(hop) == nil, rtnl_route_nh_get_via(hop) == nil
        else { return nil }
        return UInt32(rtnl_route_nh_get_ifindex(hop))
    }
}
