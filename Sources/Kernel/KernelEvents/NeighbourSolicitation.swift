import CNetfilter
import CRoute
import Glibc
import NetTypes
import Seams

/// Makes the kernel send an ARP request or a neighbour solicitation.
enum NeighbourSolicitation {
    static func send(for address: IPAddress, device: UInt32, _ socket: NetlinkSocket) throws(DriverError) {
        switch try state(of: address, device: device, socket) {
        // Static: an answer could not change them, and a probe would make them forget that they are.
        case let state where state & (NUD_PERMANENT | NUD_NOARP) != 0: return
        // Using a stale entry would first wait delay_first_probe_time; REPLACE leaves its MAC valid meanwhile.
        case let state where state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY) != 0:
            try update(address, device: device, state: NUD_PROBE, flags: 0, how: NLM_F_REPLACE, socket)
        default: try update(address, device: device, state: NUD_NONE, flags: NTF_USE, how: NLM_F_CREATE, socket)
        }
    }

    /// The NUD_ bits, 0 for an entry that does not exist. Kernels before 5.0 cannot be asked for one entry, and say so with EOPNOTSUPP.
    private static func state(of address: IPAddress, device: UInt32, _ socket: NetlinkSocket) throws(DriverError) -> Int32 {
        let request = NetlinkRequest(type: RTM_GETNEIGH, flags: NLM_F_ACK)
        request.fixedHeader(header(for: address, device: device))
        request.put(NDA_DST, bytes: address.octets)
        var state: Int32 = 0
        do {
            try socket.ask(request, to: "read the neighbour \(address)") { message in
                state = Int32(message.fixedHeader(ndmsg.self)?.ndm_state ?? 0)
            }
        } catch  where error.errno == ENOENT || error.errno == EOPNOTSUPP {
            return 0
        }
        return state
    }

    private static func update(
        _ address: IPAddress, device: UInt32, state: Int32, flags: Int32, how: Int32, _ socket: NetlinkSocket
    ) throws(DriverError) {
        let request = NetlinkRequest(type: RTM_NEWNEIGH, flags: NLM_F_ACK | how)
        var header = header(for: address, device: device)
        header.ndm_state = UInt16(state)
        header.ndm_flags = UInt8(flags)
        request.fixedHeader(header)
        request.put(NDA_DST, bytes: address.octets)
        try socket.ask(request, to: "resolve \(address)")
    }

    private static func header(for address: IPAddress, device: UInt32) -> ndmsg {
        var header = ndmsg()
        header.ndm_family = UInt8(address.family == .ipv4 ? AF_INET : AF_INET6)
        header.ndm_ifindex = Int32(device)
        return header
    }
}
