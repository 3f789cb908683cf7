import CNetfilter
import CRoute
import Glibc
import Seams

/// Notices of committed nf_tables transactions.
enum GenerationEvents {
    private static let newGeneration = Int(NFNL_SUBSYS_NFTABLES) << 8 | Int(NFT_MSG_NEWGEN.rawValue)

    static func socket(receiveBytes: Int) throws(DriverError) -> NetlinkSocket {
        let socket = try NetlinkSocket(NETLINK_NETFILTER, receiveBytes: receiveBytes)
        try filter.attach(to: socket)
        try socket.bind(to: [Int32(NFNLGRP_NFTABLES.rawValue)])
        return socket
    }

    static func decode(_ message: NetlinkMessage) -> KernelEvent? {
        guard Int(message.type) == newGeneration else { return nil }
        var generation: UInt32?
        var process: UInt32 = 0
        var name = ""
        for attribute in message.attributes(after: nfgenmsg.self) {
            switch attribute.type {
            case Int(NFTA_GEN_ID.rawValue): generation = attribute.bigEndian(UInt32.self)
            case Int(NFTA_GEN_PROC_PID.rawValue): process = attribute.bigEndian(UInt32.self) ?? 0
            case Int(NFTA_GEN_PROC_NAME.rawValue): name = attribute.text
            default: break
            }
        }
        return generation.map { .generation($0, author: .init(processID: process, name: name)) }
    }

    /// Keeps all but NEWGEN out of the queue: a load of 130 000 elements notifies as many times.
    ///
    /// The kernel gathers the other notices into large datagrams, but NEWGEN always has its own, so that the first type decides
    /// (nft_commit_notify and nf_tables_gen_notify in net/netfilter/nf_tables_api.c).
    private static var filter: SocketFilter {
        var filter = SocketFilter()
        filter.loadHalf(at: 4)
        filter.ifEqual(asLoaded(UInt16(newGeneration)), .take, else: .leave)
        return filter
    }
}
