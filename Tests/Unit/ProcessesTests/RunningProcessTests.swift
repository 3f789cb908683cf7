import Glibc
import Processes
import Testing

@Suite struct RunningProcessTests {
    @Test func ourOwnProcessHasItsNumberAndAName() throws {
        let own = try #require(RunningProcess(id: getpid()))
        #expect(own.id == getpid() && !own.name.isEmpty && own.description == "\(own.name), process \(getpid())")
    }

    @Test(arguments: [0, -1, Int32.max]) func whatDoesNotRunIsNobody(id: Int32) { #expect(RunningProcess(id: id) == nil) }

    @Test func aSocketIsOfItsHolder() throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var status = stat()
        try #require(fstat(descriptor, &status) == 0)
        #expect(RunningProcess.holder(ofSocket: UInt64(status.st_ino))?.id == getpid())
        #expect(RunningProcess.holder(ofSocket: 0) == nil)
    }

    /// Unlike the first one of a process, further sockets have ports that say nothing of it.
    @Test func aNetlinkPortIsOfItsHolderWhateverItsNumber() throws {
        var ports: [UInt32] = []
        var open: [Int32] = []
        defer { for descriptor in open { close(descriptor) } }
        for _ in 0..<2 {
            let descriptor = socket(AF_NETLINK, Int32(SOCK_RAW.rawValue), Self.route)
            try #require(descriptor >= 0)
            open.append(descriptor)
            ports.append(try bound(descriptor))
        }
        for port in ports { #expect(RunningProcess.holder(ofNetlinkPort: port, family: Self.route)?.id == getpid()) }
        #expect(RunningProcess.holder(ofNetlinkPort: ports[0], family: 31) == nil)
    }

    /// NETLINK_ROUTE
    private static let route: Int32 = 0

    /// The port that the kernel chooses: the second field of `struct sockaddr_nl` after its padding.
    private func bound(_ descriptor: Int32) throws -> UInt32 {
        var address: [UInt32] = [UInt32(AF_NETLINK), 0, 0]
        var length = socklen_t(12)
        let isBound = address.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                bind(descriptor, $0.baseAddress, length) == 0 && getsockname(descriptor, $0.baseAddress, &length) == 0
            }
        }
        try #require(isBound)
        return address[1]
    }
}
