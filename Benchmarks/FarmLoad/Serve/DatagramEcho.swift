import CLinux
import Glibc

/// Answers datagrams from the very address they were sent to, which may be a VIP that stands on this host only for dsr.
final class DatagramEcho {
    let descriptor: Int32
    private let signature: [UInt8]
    private var payload = [UInt8](repeating: 0, count: 65_536)
    private var peer = sockaddr_storage()
    /// The packet information of the last datagram. Sent back as it came, it names the source address of the answer.
    private var control = [UInt8](repeating: 0, count: 128)

    init(name: String, port: UInt16, family: Int32) throws {
        signature = Array("\(name) ".utf8)
        descriptor = try Socket.listen(on: port, family: family, .datagram)
        try family == AF_INET
            ? Socket.set(descriptor, Int32(IPPROTO_IP), IP_PKTINFO)
            : Socket.set(descriptor, Int32(IPPROTO_IPV6), IPV6_RECVPKTINFO)
        // The usual 200 kB hold some 250 datagrams of a burst, and what a full socket drops looks like a loss on the way.
        try Socket.set(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, to: 16 << 20)
    }

    func answerAll() {
        // An error here is either "nothing left" or an old answer that could not be delivered; neither is ours to mend.
        while answerOne() {}
    }

    private func answerOne() -> Bool {
        payload.replaceSubrange(..<signature.count, with: signature)
        return payload.withUnsafeMutableBytes { payload in
            control.withUnsafeMutableBytes { control in
                withUnsafeMutableBytes(of: &peer) { peer in
                    let room = UnsafeMutableRawBufferPointer(rebasing: payload[signature.count..<60_000])
                    var message = Self.header(peer, control)
                    let received = transfer(room, &message, recvmsg)
                    guard received >= 0 else { return errno == EINTR || errno == ECONNREFUSED }
                    let answer = UnsafeMutableRawBufferPointer(rebasing: payload[..<(signature.count + received)])
                    message.msg_flags = 0
                    _ = transfer(answer, &message) { sendmsg($0, $1, $2) }
                    return true
                }
            }
        }
    }

    private static func header(
        _ peer: UnsafeMutableRawBufferPointer, _ control: UnsafeMutableRawBufferPointer
    ) -> msghdr {
        var message = msghdr()
        message.msg_name = peer.baseAddress
        message.msg_namelen = socklen_t(peer.count)
        message.msg_control = control.baseAddress
        message.msg_controllen = control.count
        return message
    }

    private func transfer(
        _ bytes: UnsafeMutableRawBufferPointer, _ message: inout msghdr, _ call: (Int32, UnsafeMutablePointer<msghdr>, Int32) -> Int
    ) -> Int {
        var vector = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
        return withUnsafeMutablePointer(to: &vector) {
            message.msg_iov = $0
            message.msg_iovlen = 1
            return call(descriptor, &message, 0)
        }
    }
}
