import ControlAPI
import Hummingbird

extension Response {
    /// A view as JSON.
    static func json(_ view: some Encodable) throws -> Response {
        Response(status: .ok, headers: [.contentType: "application/json"], body: body(try ControlJSON.encode(view)))
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        Response(status: .ok, headers: [.contentType: type], body: body(Array(text.utf8)))
    }

    /// RFC 9457.
    static func problem(_ problem: Problem) -> Response {
        let bytes = (try? ControlJSON.encode(problem)) ?? []
        return Response(
            status: .init(code: problem.status, reasonPhrase: problem.title), headers: [.contentType: "application/problem+json"],
            body: body(bytes)
        )
    }

    private static func body(_ bytes: [UInt8]) -> ResponseBody { ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)) }
}
