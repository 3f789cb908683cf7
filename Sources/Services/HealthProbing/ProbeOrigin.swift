import FarmModel
import NetTypes

#if canImport(Glibc)
    import Glibc
#endif

/// Where probes leave from, if that is not left to routing.
struct ProbeOrigin {
    let source: IPAddress?
    private let device: [UInt8]

    init?(_ way: ProbeWay) {
        guard way.source != nil || way.interface != nil else { return nil }
        source = way.source
        device = Array((way.interface ?? "").utf8)
    }

    /// 0, or the errno: ENODEV when there is no such device.
    func bindToDevice(_ descriptor: Int32) -> Int32 {
        guard !device.isEmpty else { return 0 }
        return setsockopt(descriptor, SOL_SOCKET, SO_BINDTODEVICE, device, socklen_t(device.count)) == 0 ? 0 : errno
    }

    /// For sockets without ports. 0, or the errno.
    func bindToSource(_ descriptor: Int32) -> Int32 {
        guard let source else { return 0 }
        return SocketAddress(Endpoint(address: source, port: 0)).withPointer { bind(descriptor, $0, $1) } == 0 ? 0 : errno
    }
}
