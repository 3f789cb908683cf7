import ControlAPI
import Hummingbird
import ServiceLifecycle

extension Response {
    /// Server-sent events, one `data:` line each, until the client leaves or the server is asked to stop.
    ///
    /// A reader that falls behind by more than 1024 events loses the oldest.
    static func events(_ events: AsyncStream<EventView>, heartbeat: Duration) -> Response {
        let body = ResponseBody { writer in
            try await write(events, to: &writer, heartbeat: heartbeat)
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }

    private static func write(_ events: AsyncStream<EventView>, to writer: inout any ResponseBodyWriter, heartbeat: Duration) async throws {
        let (frames, sink) = AsyncStream.makeStream(of: ByteBuffer.self, bufferingPolicy: .bufferingNewest(1024))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            defer { tasks.cancelAll() }
            tasks.addTask {
                defer { sink.finish() }
                for await event in events { sink.yield(try frame(event)) }
            }
            // A client that has left is noticed when it is written to, so quiet times are filled with comments.
            tasks.addTask {
                while true {
                    sink.yield(ByteBuffer(string: ":\n\n"))
                    try await Task.sleep(for: heartbeat)
                }
            }
            for await frame in frames.cancelOnGracefulShutdown() { try await writer.write(frame) }
        }
    }

    private static func frame(_ event: EventView) throws -> ByteBuffer {
        ByteBuffer(bytes: Array("data: ".utf8) + (try ControlJSON.encode(event)) + Array("\n\n".utf8))
    }
}
