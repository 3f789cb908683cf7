import ControlAPI
import ControlClient
import ControlServer
import FoundationEssentials
import Logging
import ServiceLifecycle
import Testing

/// A server on a socket of its own, as the daemon runs it: in a service group.
struct RunningServer: Sendable {
    let path: String
    let balancer: FakeBalancer
    let group: ServiceGroup
    var client: ControlClient { ControlClient(socketPath: path, timeout: .seconds(10)) }

    static func with(
        limits: ControlLimits = ControlLimits(), _ test: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        try await withSocketPath { try await with(path: $0, limits: limits, test) }
    }

    static func with(
        path: String, limits: ControlLimits = ControlLimits(), lookInterval: Duration = .seconds(2), logger: Logger = .silent,
        _ test: @escaping @Sendable (RunningServer) async throws -> Void
    ) async throws {
        let balancer = FakeBalancer()
        let (opened, open) = AsyncStream.makeStream(of: Void.self)
        let server = ControlServer(socketPath: path, service: balancer, logger: logger, limits: limits, lookInterval: lookInterval) {
            open.finish()
        }
        let group = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: .silent))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { open.finish() }
                try await group.run()
            }
            for await _ in opened {}
            let outcome = await outcome(of: test, RunningServer(path: path, balancer: balancer, group: group))
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try outcome.get()
        }
    }

    private static func outcome(
        of test: @Sendable (RunningServer) async throws -> Void, _ server: RunningServer
    ) async -> Result<Void, any Error> {
        do { return .success(try await test(server)) } catch { return .failure(error) }
    }
}

/// A path in a directory of its own, short enough for a socket.
func withSocketPath(_ body: (String) async throws -> Void) async throws {
    let directory = "/tmp/zvnft-test-" + UUID().uuidString.prefix(8).lowercased()
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    try await body(directory + "/s")
}

extension Logger {
    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}
