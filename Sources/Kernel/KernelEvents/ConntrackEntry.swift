import CNetfilter
import NetTypes
import Seams

/// What we need to know of one connection tracking entry.
struct ConntrackEntry {
    /// Where replies come from: the backend after translation.
    var backend: Endpoint
    var transport: TransportProtocol
    /// IPS_ bits of linux/netfilter/nf_conntrack_common.h.
    var status: UInt32
    /// TCP_CONNTRACK_ number; 0 for other protocols.
    var tcpState: UInt8

    private static let halfOpen = [TCP_CONNTRACK_SYN_SENT, TCP_CONNTRACK_SYN_RECV, TCP_CONNTRACK_LISTEN].map { UInt8($0.rawValue) }
    private static let ended = [TCP_CONNTRACK_TIME_WAIT, TCP_CONNTRACK_CLOSE].map { UInt8($0.rawValue) }

    /// Nil for entries of other protocols, and for those of which no reply tuple can be read.
    init?(_ message: NetlinkMessage) {
        var reply: (Endpoint, TransportProtocol)?
        (status, tcpState) = (0, 0)
        for attribute in message.attributes(after: nfgenmsg.self) {
            switch attribute.type {
            case Int(CTA_TUPLE_REPLY.rawValue): reply = Self.source(of: attribute)
            case Int(CTA_STATUS.rawValue): status = attribute.bigEndian(UInt32.self) ?? 0
            case Int(CTA_PROTOINFO.rawValue): tcpState = Self.tcpState(attribute)
            default: break
            }
        }
        guard let reply else { return nil }
        (backend, transport) = reply
    }

    var isTranslated: Bool { status & IPS_DST_NAT.rawValue != 0 }
    /// TCP whose handshake has not ended (LISTEN stands for a simultaneous open), or any UDP.
    var isUnanswered: Bool { transport == .udp || Self.halfOpen.contains(tcpState) }
    /// Whether it still carries something: not a TCP connection that has ended.
    var isAlive: Bool { transport == .udp || !Self.ended.contains(tcpState) }

    private static func source(of tuple: NetlinkAttribute) -> (Endpoint, TransportProtocol)? {
        var address: IPAddress?
        var port: UInt16?
        var transport: TransportProtocol?
        for part in tuple.nested {
            for field in part.nested {
                switch (part.type, field.type) {
                case (ip, sourceV4): address = field.bigEndian(UInt32.self).map { IPAddress(v4: $0) }
                case (ip, sourceV6): address = IPAddress(octets: field.payload)
                case (proto, number): transport = field.payload.first.flatMap { TransportProtocol(rawValue: $0) }
                case (proto, sourcePort): port = field.bigEndian(UInt16.self)
                default: break
                }
            }
        }
        guard let address, let port, let transport else { return nil }
        return (Endpoint(address: address, port: port), transport)
    }

    private static func tcpState(_ information: NetlinkAttribute) -> UInt8 {
        for tcp in information.nested where tcp.type == Int(CTA_PROTOINFO_TCP.rawValue) {
            for field in tcp.nested where field.type == Int(CTA_PROTOINFO_TCP_STATE.rawValue) { return field.payload.first ?? 0 }
        }
        return 0
    }
}

private let (ip, proto) = (Int(CTA_TUPLE_IP.rawValue), Int(CTA_TUPLE_PROTO.rawValue))
private let (sourceV4, sourceV6) = (Int(CTA_IP_V4_SRC.rawValue), Int(CTA_IP_V6_SRC.rawValue))
private let (number, sourcePort) = (Int(CTA_PROTO_NUM.rawValue), Int(CTA_PROTO_SRC_PORT.rawValue))
