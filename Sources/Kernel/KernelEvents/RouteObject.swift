import CNetfilter
import CRoute
import NetTypes
import Seams

/// A link, neighbour, address or route as libnl-route reads it out of a message.
struct RouteObject: ~Copyable {
    /// A `struct nl_object`, and so also the `rtnl_…` of the message's type.
    let pointer: OpaquePointer

    /// Nil for messages that libnl does not understand.
    init?(_ message: NetlinkMessage) {
        guard let copy = nlmsg_convert(UnsafeMutablePointer(mutating: message.header)) else { return nil }
        defer { nlmsg_free(copy) }
        nlmsg_set_proto(copy, NETLINK_ROUTE)
        var parsed: OpaquePointer?
        nl_msg_parse(
            copy,
            { object, slot in
                guard let object, let slot else { return }
                nl_object_get(object)
                slot.assumingMemoryBound(to: OpaquePointer?.self).pointee = object
            }, &parsed)
        guard let parsed else { return nil }
        pointer = parsed
    }

    deinit { nl_object_put(pointer) }

    static func octets(_ address: OpaquePointer?) -> UnsafeRawBufferPointer {
        guard let address, let start = nl_addr_get_binary_addr(address) else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: start, count: Int(nl_addr_get_len(address)))
    }
}

extension RouteObject {
    /// Of an RTM_NEWLINK message.
    var link: LinkState {
        let flags = rtnl_link_get_flags(pointer)
        let name = rtnl_link_get_name(pointer).map { String(cString: $0) } ?? ""
        let device = NetworkDevice(index: UInt32(rtnl_link_get_ifindex(pointer)), name: name)
        let frames = UInt32(IFF_UP) | lowerUp
        return LinkState(
            device: device, mac: usableMAC(rtnl_link_get_addr(pointer)),
            isUp: flags & frames == frames, isLoopback: flags & UInt32(IFF_LOOPBACK) != 0)
    }

    /// Of a neighbour message: who it is about, and the MAC if one may be sent to it. Nil for what is never a destination.
    var neighbour: (NetworkView.Neighbour, MACAddress?)? {
        guard rtnl_neigh_get_flags(pointer) & UInt32(NTF_PROXY) == 0,
            let address = IPAddress(octets: Self.octets(rtnl_neigh_get_dst(pointer))), !address.isMulticastOrBroadcast
        else { return nil }
        let isValid = rtnl_neigh_get_state(pointer) & validStates != 0
        let mac = isValid ? usableMAC(rtnl_neigh_get_lladdr(pointer)) : nil
        return (.init(address: address, device: UInt32(rtnl_neigh_get_ifindex(pointer))), mac)
    }

    /// Of an address message: the host's own address and its device.
    var ownAddress: (IPAddress, UInt32)? {
        IPAddress(octets: Self.octets(rtnl_addr_get_local(pointer))).map { ($0, UInt32(rtnl_addr_get_ifindex(pointer))) }
    }

    private func usableMAC(_ address: OpaquePointer?) -> MACAddress? {
        guard let mac = MACAddress(octets: Self.octets(address)), !mac.isZero, !mac.isGroup else { return nil }
        return mac
    }
}

/// IFF_LOWER_UP, a carrier: in linux/if.h only, which clashes with net/if.h.
private let lowerUp: UInt32 = 1 << 16
/// NUD_VALID of include/net/neighbour.h.
private let validStates = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY
