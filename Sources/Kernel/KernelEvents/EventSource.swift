import Seams

/// One event socket and what its messages mean.
final class EventSource {
    let socket: NetlinkSocket
    private let kind: KernelEvent.Source
    private let decode: (NetlinkMessage) -> KernelEvent?
    private var hasLost = false

    init(_ kind: KernelEvent.Source, _ socket: NetlinkSocket, decode: @escaping (NetlinkMessage) -> KernelEvent?) {
        (self.kind, self.socket, self.decode) = (kind, socket, decode)
    }

    /// Everything that waits, at most 256 datagrams at a time.
    ///
    /// After an overrun the kernel drops further messages in silence until the queue is empty (NETLINK_S_CONGESTED in
    /// net/netlink/af_netlink.c), so that what still waits is thrown away and the marker comes when the queue is empty, not before:
    /// whoever reads again upon the marker misses nothing.
    func drain() -> [KernelEvent] {
        var events: [KernelEvent] = []
        for _ in 0..<256 {
            switch received() {
            case .datagram(let bytes): if !hasLost { append(bytes, to: &events) }
            case .overrun: hasLost = true
            case .empty:
                if hasLost { events.append(.overrun(kind)) }
                hasLost = false
                return events
            }
        }
        return events
    }

    private func received() -> NetlinkSocket.Received {
        do { return try socket.receive(waiting: false) } catch { return .overrun }
    }

    private func append(_ bytes: UnsafeRawBufferPointer, to events: inout [KernelEvent]) {
        for message in NetlinkMessages(bytes) {
            guard let event = decode(message), event != .routes || events.last != .routes else { continue }
            events.append(event)
        }
    }
}
