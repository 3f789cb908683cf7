import ControlAPI
import ControlClient
import ControlServer
import Glibc
import Testing

@Suite struct ControlSocketTests {
    private func status(_ path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    @Test func theSocketIsForOwnerAndGroup() async throws {
        try await RunningServer.with { server async throws in
            #expect(status(server.path)?.st_mode == S_IFSOCK | 0o660)
        }
    }

    @Test func aSecondServerIsRefusedAndTheFirstGoesOn() async throws {
        try await RunningServer.with { server async throws in
            let second = ControlServer(socketPath: server.path, service: server.balancer, logger: .silent)
            let fault = await #expect(throws: ControlSocketFault.self) { try await second.run() }
            #expect(fault?.kind == .inUse)
            #expect(try await server.client.farms().farms.count == 1)
        }
    }

    @Test func aFileThatIsNoSocketIsLeftAlone() async throws {
        try await withSocketPath { path async throws in
            fclose(try #require(fopen(path, "w")))
            let server = ControlServer(socketPath: path, service: FakeBalancer(), logger: .silent)
            let fault = await #expect(throws: ControlSocketFault.self) { try await server.run() }
            #expect(fault?.kind == .notASocket)
            #expect(status(path) != nil)
        }
    }

    @Test func aPathTooLongIsSaidToBe() async {
        let path = "/tmp/" + String(repeating: "a", count: 120)
        let server = ControlServer(socketPath: path, service: FakeBalancer(), logger: .silent)
        let fault = await #expect(throws: ControlSocketFault.self) { try await server.run() }
        #expect(fault?.kind == .unusablePath)
    }

    @Test func aSocketLeftByACrashIsTakenOverAndRemovedAtTheEnd() async throws {
        try await withSocketPath { path async throws in
            close(try boundSocket(at: path))
            let client = ControlClient(socketPath: path)
            await #expect(throws: Unreachable.self) { try await client.status() }
            try await RunningServer.with(path: path) { _ async throws in
                #expect(try await client.status() == Sample.status(degraded: false))
            }
            #expect(status(path) == nil)
        }
    }
}

/// Nobody listens at it.
func boundSocket(at path: String) throws -> Int32 {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
    try #require(bound == 0)
    return descriptor
}
