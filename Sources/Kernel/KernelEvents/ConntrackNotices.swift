import CNetfilter
import Glibc
import NetTypes
import Seams

/// Notices of connections that begin and end, as far as they were translated to a backend.
///
/// The kernel announces each change of state, about seven for a TCP connection; a filter keeps all but two out of our queue: the beginning,
/// and the end. The end of TCP is the step into TIME_WAIT or CLOSE; the entry goes two minutes later, and that is no news then.
/// Since Linux 5.19 entries that were made while nobody listened announce nothing, not even their end (nf_conntrack_events = 2).
enum ConntrackNotices {
    enum Notice {
        case began(id: UInt32, ConntrackEntry)
        case ended(id: UInt32)
    }

    private static let groups = [NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_UPDATE, NFNLGRP_CONNTRACK_DESTROY]

    /// A socket that is in none of the groups yet.
    static func socket(receiveBytes: Int) throws(DriverError) -> NetlinkSocket {
        let socket = try NetlinkSocket(NETLINK_NETFILTER, receiveBytes: receiveBytes)
        try filter.attach(to: socket)
        try socket.bind()
        return socket
    }

    static func follow(_ isOn: Bool, _ socket: NetlinkSocket) throws(DriverError) {
        for group in groups {
            try socket.set(SOL_NETLINK, isOn ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, Int32(group.rawValue))
        }
    }

    /// Nil for what cannot be read. Relies on the filter: an update that has come through is an end.
    static func decode(_ message: NetlinkMessage) -> Notice? {
        guard let id = message.conntrackID else { return nil }
        let isNew = Int(message.type) == conntrackType(IPCTNL_MSG_CT_NEW) && Int32(message.flags) & NLM_F_CREATE != 0
        return isNew ? ConntrackEntry(message).map { .began(id: id, $0) } : .ended(id: id)
    }

    private static var filter: SocketFilter {
        let attributes = UInt32(MemoryLayout<nlmsghdr>.size + MemoryLayout<nfgenmsg>.size)
        let behindHeader: UInt32 = 4
        var filter = SocketFilter()
        filter.findAttribute(CTA_STATUS.rawValue, from: attributes)
        filter.ifEqual(0, .leave)
        filter.copyToIndex()
        filter.loadWord(behindIndex: behindHeader)
        filter.ifAny(of: IPS_DST_NAT.rawValue, else: .leave)
        filter.loadHalf(at: 4)
        filter.ifEqual(asLoaded(UInt16(conntrackType(IPCTNL_MSG_CT_DELETE))), .label("destroyed"))
        filter.loadHalf(at: 6)
        filter.ifAny(of: asLoaded(UInt16(NLM_F_CREATE)), .take)
        filter.findTCPState(from: attributes, else: .leave)
        filter.ifEqual(UInt32(TCP_CONNTRACK_TIME_WAIT.rawValue), .take)
        filter.ifEqual(UInt32(TCP_CONNTRACK_CLOSE.rawValue), .take, else: .leave)
        filter.label("destroyed")
        filter.findTCPState(from: attributes, else: .take)
        filter.ifEqual(UInt32(TCP_CONNTRACK_TIME_WAIT.rawValue), .leave)
        filter.ifEqual(UInt32(TCP_CONNTRACK_CLOSE.rawValue), .leave, else: .take)
        return filter
    }
}

extension SocketFilter {
    fileprivate mutating func findTCPState(from offset: UInt32, else absent: Target) {
        findAttribute(CTA_PROTOINFO.rawValue, from: offset)
        ifEqual(0, absent)
        findNested(CTA_PROTOINFO_TCP.rawValue)
        ifEqual(0, absent)
        findNested(CTA_PROTOINFO_TCP_STATE.rawValue)
        ifEqual(0, absent)
        copyToIndex()
        loadByte(behindIndex: 4)
    }
}

extension NetlinkMessage {
    /// Names an entry of the connection tracking table while it lives.
    var conntrackID: UInt32? {
        attributes(after: nfgenmsg.self).first { $0.type == Int(CTA_ID.rawValue) }?.bigEndian(UInt32.self)
    }
}
