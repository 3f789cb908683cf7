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
            #expect(fault?.kind == .inUse && fault?.description.contains("process \(getpid()), listens on \(server.path)") == true)
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

    /// What may become of the file, and what it takes to be reachable again.
    enum Loss: CaseIterable { case file, directory, renamed, replacedByADeadOne }

    @Test(arguments: Loss.allCases) func aSocketThatIsTakenAwayComesBackAndOpenConnectionsStay(_ loss: Loss) async throws {
        try await withSocketPath { path async throws in
            let directory = String(path.dropLast(2))
            try await RunningServer.with(path: path, lookInterval: .milliseconds(20)) { server async throws in
                let (began, begin) = AsyncStream.makeStream(of: Void.self)
                let follower = Task {
                    var messages: [String] = []
                    try await server.client.events { event in
                        messages.append(event.message)
                        begin.finish()
                        return messages.count < 2
                    }
                    return messages
                }
                await server.balancer.emit(.said("before"))
                for await _ in began {}
                let before = status(path)?.st_ino
                switch loss {
                case .file: unlink(path)
                case .directory:
                    unlink(path)
                    rmdir(directory)
                case .renamed: rename(path, path + "2")
                case .replacedByADeadOne:
                    unlink(path)
                    close(try boundSocket(at: path))
                }
                try await comesBack(server)
                let now = try #require(status(path))
                #expect(now.st_mode == S_IFSOCK | 0o660 && now.st_ino != before)
                await server.balancer.emit(.said("after"))
                #expect(try await follower.value == ["before", "after"])
            }
            #expect(status(path) == nil, "nothing is left behind")
        }
    }

    @Test func aSocketIsTakenAwayAgainAndAgainAndComesBackEachTime() async throws {
        try await withSocketPath { path async throws in
            try await RunningServer.with(path: path, lookInterval: .milliseconds(5)) { server async throws in
                for _ in 1...12 {
                    unlink(path)
                    try await comesBack(server)
                }
            }
        }
    }

    @Test func whatStandsInItsPlaceIsLeftAloneUntilItGoes() async throws {
        try await withSocketPath { path async throws in
            let log = LogLines()
            try await RunningServer.with(path: path, lookInterval: .milliseconds(5), logger: log.logger) { server async throws in
                fclose(try #require(fopen(path + "2", "w")))
                rename(path + "2", path)
                try await log.wait(for: 3, of: Self.complaint)
                #expect(log.count(Self.complaint, from: .info) == 1)
                #expect(status(path).map { $0.st_mode & S_IFMT } == S_IFREG)
                unlink(path)
                try await comesBack(server)
            }
        }
    }

    private static let complaint = "control socket is gone and cannot be made anew"

    /// A directory that leads nowhere: nothing stands in the way, and yet nothing can be bound.
    @Test func whatCannotBeBoundIsSaidOnceAndEndsNoListener() async throws {
        try await withSocketPath { path async throws in
            let (directory, log) = (String(path.dropLast(2)), LogLines())
            try await RunningServer.with(path: path, lookInterval: .milliseconds(5), logger: log.logger) { server async throws in
                unlink(path)
                try await comesBack(server)
                let (began, begin) = AsyncStream.makeStream(of: Void.self)
                let follower = Task {
                    var messages: [String] = []
                    try await server.client.events { event in
                        messages.append(event.message)
                        begin.finish()
                        return messages.count < 2
                    }
                    return messages
                }
                await server.balancer.emit(.said("before"))
                for await _ in began {}
                // The server may make the directory anew in between.
                repeat {
                    unlink(path)
                    rmdir(directory)
                } while symlink("/nonexistent/zvnft", directory) != 0
                try await log.wait(for: 12, of: Self.complaint)
                #expect(log.count("", from: .error) == 1)
                unlink(directory)
                try await comesBack(server)
                await server.balancer.emit(.said("after"))
                #expect(try await follower.value == ["before", "after"])
            }
        }
    }

    private func comesBack(_ server: RunningServer) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            do {
                #expect(try await server.client.farms().farms.count == 1)
                return
            } catch let error as Unreachable {
                guard ContinuousClock.now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(2))
            }
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
