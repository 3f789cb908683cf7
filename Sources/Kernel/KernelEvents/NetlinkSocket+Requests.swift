import CNetfilter
import Glibc
import Seams

extension NetlinkSocket {
    /// A socket for questions and answers.
    ///
    /// An answer that does not come within 10 s is an error rather than a hang: a walk over a million conntrack entries takes 3 s.
    static func forRequests(_ family: Int32) throws(DriverError) -> NetlinkSocket {
        let socket = try NetlinkSocket(family, receiveBytes: 1 << 20)
        try socket.set(SOL_SOCKET, SO_RCVTIMEO, timeval(tv_sec: 10, tv_usec: 0))
        try socket.set(SOL_NETLINK, NETLINK_EXT_ACK, Int32(1))
        try socket.set(SOL_NETLINK, NETLINK_CAP_ACK, Int32(1))
        try socket.bind()
        return socket
    }

    /// Sends the request and hands every message of the answer to `each`, up to the end of the dump or the acknowledgement.
    ///
    /// Returns false when the dump was interrupted by changes (NLM_F_DUMP_INTR) and should be taken again.
    @discardableResult
    func ask(
        _ request: borrowing NetlinkRequest, to purpose: String, each: (NetlinkMessage) -> Void = { _ in }
    ) throws(DriverError) -> Bool {
        let number = nextSequence()
        request.number(number)
        try send(request.bytes)
        var isConsistent = true
        while true {
            for message in NetlinkMessages(try answer(to: purpose)) where message.sequence == number {
                if Int32(message.flags) & NLM_F_DUMP_INTR != 0 { isConsistent = false }
                if let end = message.end {
                    guard end.errno == 0 else { throw .failed(purpose, end.errno, kernelText: end.text) }
                    return isConsistent
                }
                each(message)
            }
        }
    }

    /// Sends requests that are each acknowledged, in one datagram, and returns the errno of each by its number.
    func askEach(_ requests: [UInt8], numbered numbers: [UInt32], to purpose: String) throws(DriverError) -> [UInt32: Int32] {
        let sent = requests.withUnsafeBytes { bytes in Result { () throws(DriverError) in try send(bytes) } }
        try sent.get()
        let asked = Set(numbers)
        var results: [UInt32: Int32] = [:]
        while results.count < asked.count {
            for message in NetlinkMessages(try answer(to: purpose)) where asked.contains(message.sequence) {
                if let end = message.end { results[message.sequence] = end.errno }
            }
        }
        return results
    }

    private func answer(to purpose: String) throws(DriverError) -> UnsafeRawBufferPointer {
        switch try receive(waiting: true) {
        case .datagram(let bytes): return bytes
        case .empty: throw .failed(purpose, ETIMEDOUT)
        case .overrun: throw .failed(purpose, ENOBUFS)
        }
    }
}

extension NetlinkMessage {
    /// What ends an answer: errno (0 for done), with the kernel's own words where it has some.
    fileprivate var end: (errno: Int32, text: String?)? {
        switch Int32(type) {
        case NLMSG_DONE: return (-(fixedHeader(Int32.self) ?? 0), nil)
        case NLMSG_ERROR:
            let code = fixedHeader(nlmsgerr.self)?.error ?? -EBADMSG
            return (-code, extendedText)
        default: return nil
        }
    }

    private var extendedText: String? {
        guard Int32(flags) & NLM_F_ACK_TLVS != 0 else { return nil }
        return attributes(after: nlmsgerr.self).first { $0.type == Int(NLMSGERR_ATTR_MSG.rawValue) }?.text
    }
}
