import ControlAPI
import ControlClient
import ControlServer
import Testing

@Suite struct EventStreamTests {
    @Test func eventsArriveInOrder() async throws {
        try await RunningServer.with { server async throws in
            async let emitting: Void = {
                for message in ["a", "b\nc", "d"] { await server.balancer.emit(.said(message)) }
            }()
            var messages: [String] = []
            try await server.client.events { event in
                messages.append(event.message)
                return messages.count < 3
            }
            await emitting
            #expect(messages == ["a", "b\nc", "d"])
        }
    }

    @Test func theStreamEndsWithTheServer() async throws {
        try await RunningServer.with { server async throws in
            async let emitting: Void = server.balancer.emit(Sample.event)
            await #expect(throws: Unreachable.self) {
                try await server.client.events { _ in
                    await server.group.triggerGracefulShutdown()
                    return true
                }
            }
            await emitting
        }
    }

    @Test func aCancelledFollowerLeaves() async throws {
        try await RunningServer.with(limits: ControlLimits(heartbeat: .milliseconds(20))) { server async throws in
            let (began, begin) = AsyncStream.makeStream(of: Void.self)
            let follower = Task {
                try await server.client.events { _ in
                    begin.finish()
                    return true
                }
            }
            await server.balancer.emit(Sample.event)
            for await _ in began {}
            follower.cancel()
            await #expect(throws: (any Error).self) { try await follower.value }
            await server.balancer.allFollowersLeft()
        }
    }
}

extension EventView {
    static func said(_ message: String) -> EventView {
        EventView(at: "2026-01-02T03:04:05.678Z", kind: .change, farm: nil, backend: nil, message: message)
    }
}
