import ControlAPI
import ControlClient
import Glibc
import Testing

/// A daemon that does not answer, and one that takes its time.
@Suite struct SilenceTests {
    private static let hasty = Patience(quiet: .milliseconds(1), sign: .milliseconds(20))

    /// As a daemon that was stopped: the kernel takes the connections for it.
    private func withSilence(_ test: (String) async throws -> Void) async throws {
        try await withSocketPath { path async throws in
            let descriptor = try boundSocket(at: path)
            defer { close(descriptor) }
            try #require(listen(descriptor, 16) == 0)
            try await test(path)
        }
    }

    @Test func silenceIsToldLongBeforeTheTimeOfACallIsOver() async throws {
        try await withSilence { path async throws in
            let client = ControlClient(socketPath: path, timeout: .seconds(600), patience: Self.hasty)
            let asked = await #expect(throws: Unreachable.self) { try await client.status() }
            let words = try #require(asked).reason
            #expect(words.contains("does not answer") && words.contains("systemctl status zvnftd"))
            let followed = await #expect(throws: Unreachable.self) { try await client.events { _ in true } }
            #expect(followed == asked)
        }
    }

    @Test func aCallThatTakesLongGoesOnWhileTheDaemonLives() async throws {
        try await RunningServer.with { server async throws in
            // Each millisecond without an answer a sign is asked for, and comes.
            let client = ControlClient(socketPath: server.path, patience: Patience(quiet: .milliseconds(1), sign: .seconds(10)))
            await server.balancer.holdApplies(true)
            async let plan = client.apply(ApplyRequest())
            try await Task.sleep(for: .milliseconds(100))
            await server.balancer.holdApplies(false)
            #expect(try await plan == Sample.plan(same: true))
        }
    }

    @Test func theEndOfADaemonIsNoSilence() async throws {
        try await withSocketPath { path async throws in
            close(try boundSocket(at: path))
            let client = ControlClient(socketPath: path)
            let fault = await #expect(throws: Unreachable.self) { try await client.events { _ in true } }
            #expect(fault?.reason == "does not listen: it has stopped")
        }
    }
}
