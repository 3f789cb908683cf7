import CNetfilter
import NetTypes
import Seams

/// What we need to know of one connection tracking entry.
struct ConntrackEntry {
    /// Where the client meant to go.
    var listener: Endpoint
    /// Where replies come from: the backend after translation.
    var backend: Endpoint
    var transport: TransportProtocol
    /// IPS_ bits of linux/netfilter/nf_conntrack_common.h.
    var status: UInt32
    /// TCP_CONNTRACK_ or SCTP_CONNTRACK_ number; 0 for other protocols.
    var protocolState: UInt8

    private static let halfOpen = [TCP_CONNTRACK_SYN_SENT, TCP_CONNTRACK_SYN_RECV, TCP_CONNTRACK_LISTEN].map { UInt8($0.rawValue) }
    private static let ended = [TCP_CONNTRACK_TIME_WAIT, TCP_CONNTRACK_CLOSE].map { UInt8($0.rawValue) }
    /// linux/netfilter/nf_conntrack_sctp.h: until the cookie is acknowledged; and closed.
    private static let halfOpenSCTP: [UInt8] = [1, 2, 3], closedSCTP: UInt8 = 1

    /// Nil for entries of other protocols, and for those of which a tuple cannot be read.
    init?(_ message: NetlinkMessage) {
        var original: (Endpoint, TransportProtocol)?
        var reply: (Endpoint, TransportProtocol)?
        (status, protocolState) = (0, 0)
        for attribute in message.attributes(after: nfgenmsg.self) {
            switch attribute.type {
            case Int(CTA_TUPLE_ORIG.rawValue): original = Self.end(of: attribute, destinationFields)
            case Int(CTA_TUPLE_REPLY.rawValue): reply = Self.end(of: attribute, sourceFields)
            case Int(CTA_STATUS.rawValue): status = attribute.bigEndian(UInt32.self) ?? 0
            case Int(CTA_PROTOINFO.rawValue): protocolState = Self.protocolState(attribute)
            default: break
            }
        }
        guard let original, let reply else { return nil }
        listener = original.0
        (backend, transport) = reply
    }

    var isTranslated: Bool { status & IPS_DST_NAT.rawValue != 0 }
    var hasTranslatedSource: Bool { status & IPS_SRC_NAT.rawValue != 0 }

    /// Whom the backend answers.
    static func translatedSource(_ message: NetlinkMessage) -> IPAddress? {
        let reply = message.attributes(after: nfgenmsg.self).first { $0.type == Int(CTA_TUPLE_REPLY.rawValue) }
        return reply.flatMap { end(of: $0, destinationFields) }?.0.address
    }
    /// TCP or SCTP whose handshake has not ended (LISTEN stands for a simultaneous open), or any UDP.
    var isUnanswered: Bool {
        switch transport {
        case .tcp: Self.halfOpen.contains(protocolState)
        case .sctp: Self.halfOpenSCTP.contains(protocolState)
        default: true
        }
    }
    /// Whether it still carries something: not a connection that has ended.
    var isAlive: Bool {
        switch transport {
        case .tcp: !Self.ended.contains(protocolState)
        case .sctp: protocolState != Self.closedSCTP
        default: true
        }
    }

    /// One end of a tuple.
    private static func end(of tuple: NetlinkAttribute, _ fields: EndFields) -> (Endpoint, TransportProtocol)? {
        var address: IPAddress?
        var port: UInt16?
        var transport: TransportProtocol?
        for part in tuple.nested {
            for field in part.nested {
                switch (part.type, field.type) {
                case (ip, fields.v4): address = field.bigEndian(UInt32.self).map { IPAddress(v4: $0) }
                case (ip, fields.v6): address = IPAddress(octets: field.payload)
                case (proto, number): transport = field.payload.first.flatMap { TransportProtocol(rawValue: $0) }
                case (proto, fields.port): port = field.bigEndian(UInt16.self)
                default: break
                }
            }
        }
        guard let address, let port, let transport else { return nil }
        return (Endpoint(address: address, port: port), transport)
    }

    private static func protocolState(_ information: NetlinkAttribute) -> UInt8 {
        let fields = [
            Int(CTA_PROTOINFO_TCP.rawValue): Int(CTA_PROTOINFO_TCP_STATE.rawValue),
            Int(CTA_PROTOINFO_SCTP.rawValue): Int(CTA_PROTOINFO_SCTP_STATE.rawValue),
        ]
        for part in information.nested {
            for field in part.nested where field.type == fields[part.type] { return field.payload.first ?? 0 }
        }
        return 0
    }
}

private let (ip, proto) = (Int(CTA_TUPLE_IP.rawValue), Int(CTA_TUPLE_PROTO.rawValue))
private let number = Int(CTA_PROTO_NUM.rawValue)

/// The attributes in which one end of a tuple stands.
private struct EndFields {
    let v4, v6, port: Int
}
private let sourceFields = EndFields(
    v4: Int(CTA_IP_V4_SRC.rawValue), v6: Int(CTA_IP_V6_SRC.rawValue), port: Int(CTA_PROTO_SRC_PORT.rawValue))
private let destinationFields = EndFields(
    v4: Int(CTA_IP_V4_DST.rawValue), v6: Int(CTA_IP_V6_DST.rawValue), port: Int(CTA_PROTO_DST_PORT.rawValue))
