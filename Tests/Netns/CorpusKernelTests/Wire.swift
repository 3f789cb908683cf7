import Glibc
import TestNamespaces

/// The far end of one of the balancer's devices: sends any frame and sees every frame that arrives.
///
/// A packet socket of the network namespace of the thread that makes it.
final class Wire: @unchecked Sendable {
    // Unchecked: the descriptor never changes, and the kernel takes calls on it from any thread.
    private let descriptor: Int32
    let device: String
    private let address: [UInt8]

    private static let packetFamily: UInt16 = 17
    private static let everyProtocol: UInt16 = 3
    private static let outgoing: UInt8 = 4

    init(device: String) throws {
        self.device = device
        let index = if_nametoindex(device)
        let kind = Int32(SOCK_RAW.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        descriptor = socket(Int32(Self.packetFamily), kind, Int32(Self.everyProtocol.bigEndian))
        // struct sockaddr_ll: family, protocol, index, hardware type, packet type, length, address.
        address =
            withUnsafeBytes(of: Self.packetFamily, Array.init) + Self.everyProtocol.octets
            + withUnsafeBytes(of: index, Array.init) + [0, 0, 0, 6] + [UInt8](repeating: 0, count: 8)
        var room: Int32 = 1 << 24
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, socklen_t(MemoryLayout<Int32>.size))
        guard index != 0, descriptor >= 0, withAddress({ bind(descriptor, $0, $1) }) == 0 else {
            throw TestFault("no packet socket on \(device): errno \(errno)")
        }
    }

    deinit { close(descriptor) }

    private func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        address.withUnsafeBytes { octets in
            octets.baseAddress.map { body($0.assumingMemoryBound(to: sockaddr.self), socklen_t(octets.count)) } ?? -1
        }
    }

    func send(_ frame: [UInt8]) throws {
        guard Glibc.send(descriptor, frame, frame.count, 0) == frame.count else { throw TestFault("a frame was not sent: errno \(errno)") }
    }

    /// Frames that have arrived since the last call; those that we sent ourselves are left out.
    func received() -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 2048)
        while true {
            var (from, length) = ([UInt8](repeating: 0, count: 20), socklen_t(20))
            let count = from.withUnsafeMutableBytes { from in
                recvfrom(descriptor, &buffer, buffer.count, 0, from.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
            }
            guard count > 0 else { return frames }
            if from[10] != Self.outgoing { frames.append(Array(buffer[..<count])) }
        }
    }

    /// Waits until there is something to receive, at most so long.
    static func wait(_ wires: [Wire], milliseconds: Int32) {
        var descriptors = wires.map { pollfd(fd: $0.descriptor, events: Int16(POLLIN), revents: 0) }
        poll(&descriptors, nfds_t(descriptors.count), milliseconds)
    }
}
