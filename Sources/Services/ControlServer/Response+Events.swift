import ControlAPI
import Hummingbird
import ServiceLifecycle

extension Response {
    /// Server-sent events, one `data:` line each, until the client leaves or the server is asked to stop.
    static func events(_ events: AsyncStream<EventView>, until request: Request) -> Response {
        let body = ResponseBody { writer in
            try await request.body.consumeWithCancellationOnInboundClose { _ in try await write(events, to: &writer) }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }

    private static func write(_ events: AsyncStream<EventView>, to writer: inout any ResponseBodyWriter) async throws {
        // A comment first: the head is on its way to the client even if nothing happens for a while.
        try await writer.write(ByteBuffer(string: ": events\n\n"))
        for await event in events.cancelOnGracefulShutdown() {
            try await writer.write(ByteBuffer(bytes: Array("data: ".utf8) + ControlJSON.encode(event) + Array("\n\n".utf8)))
        }
    }
}
