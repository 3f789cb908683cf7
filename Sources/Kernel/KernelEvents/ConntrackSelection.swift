import CNetfilter
import Glibc
import NetTypes
import Seams

/// Which entries a walk over the connection tracking table is for.
struct ConntrackSelection {
    let backend: DeadBackend
    private var address: IPAddress { backend.address }
    private var port: UInt16? { backend.port }
    private var transport: TransportProtocol { backend.transport }

    /// What is deleted when the backend is out. Checked here for each entry, whatever the kernel has sorted out before.
    func containsUnanswered(_ entry: ConntrackEntry) -> Bool {
        entry.isTranslated && (backend.isReset || entry.isUnanswered) && entry.transport == transport
            && entry.backend.address == address && (port == nil || entry.backend.port == port)
            && backend.entrance?.leads(entry.listener) != false
    }

    /// A dump in which the kernel leaves out what is not wanted: CTA_FILTER since Linux 5.8, CTA_STATUS since 5.15; older ones ignore both.
    func unansweredDump() -> NetlinkRequest {
        let request = Self.dump(family: address.family)
        request.nest(CTA_TUPLE_REPLY.rawValue) {
            request.nest(CTA_TUPLE_IP.rawValue) {
                request.put(address.family == .ipv4 ? CTA_IP_V4_SRC.rawValue : CTA_IP_V6_SRC.rawValue, bytes: address.octets)
            }
            request.nest(CTA_TUPLE_PROTO.rawValue) {
                request.put(CTA_PROTO_NUM.rawValue, native: transport.rawValue)
                if let port { request.put(CTA_PROTO_SRC_PORT.rawValue, bigEndian: port) }
            }
        }
        request.nest(CTA_FILTER.rawValue) {
            request.put(CTA_FILTER_ORIG_FLAGS.rawValue, native: UInt32(0))
            request.put(CTA_FILTER_REPLY_FLAGS.rawValue, native: filterFlags)
        }
        // ASSURED comes with the end of the handshake (nf_conntrack_proto_tcp.c, _sctp.c): half-open states lack it.
        let handshake = transport != .udp && !backend.isReset ? IPS_ASSURED.rawValue : 0
        Self.put(status: IPS_DST_NAT.rawValue, of: IPS_DST_NAT.rawValue | handshake, request)
        return request
    }

    /// A dump of all that was translated to a backend, of both families.
    static func translatedDump() -> NetlinkRequest {
        let request = dump(family: nil)
        put(status: IPS_DST_NAT.rawValue, of: IPS_DST_NAT.rawValue, request)
        return request
    }

    /// A dump of all that was translated to a backend and has had no answer.
    static func unrepliedDump() -> NetlinkRequest {
        let request = dump(family: nil)
        put(status: IPS_DST_NAT.rawValue, of: IPS_DST_NAT.rawValue | IPS_SEEN_REPLY.rawValue, request)
        return request
    }

    /// A dump of a family that the kernel does not narrow further.
    static func dump(family: AddressFamily?) -> NetlinkRequest {
        let request = NetlinkRequest(type: conntrackType(IPCTNL_MSG_CT_GET), flags: NLM_F_DUMP)
        request.fixedHeader(conntrackHeader(family))
        return request
    }

    private static func put(status: UInt32, of mask: UInt32, _ request: borrowing NetlinkRequest) {
        request.put(CTA_STATUS.rawValue, bigEndian: status)
        request.put(CTA_STATUS_MASK.rawValue, bigEndian: mask)
    }

    /// Which fields of the tuple the kernel compares: CTA_FILTER_FLAG of net/netfilter/nf_internals.h, part of the interface all the same.
    ///
    /// Not the address in IPv6: ctnetlink_filter_match_tuple lets through all but the one asked for (seen in 6.18, there since 5.8).
    private var filterFlags: UInt32 {
        let (source, number, sourcePort): (UInt32, UInt32, UInt32) = (1 << 0, 1 << 3, 1 << 4)
        return number | (address.family == .ipv4 ? source : 0) | (port == nil ? 0 : sourcePort)
    }
}

func conntrackType(_ message: cntl_msg_types) -> Int { Int(NFNL_SUBSYS_CTNETLINK) << 8 | Int(message.rawValue) }

func conntrackHeader(_ family: AddressFamily?) -> nfgenmsg {
    var header = nfgenmsg()
    header.nfgen_family = UInt8(family.map { $0 == .ipv4 ? AF_INET : AF_INET6 } ?? AF_UNSPEC)
    header.version = UInt8(NFNETLINK_V0)
    return header
}
