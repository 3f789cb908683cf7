import NIOCore
import NIOHTTP1

/// A request on the wire. Every connection carries one.
struct ControlRequest: Sendable {
    let method: HTTPMethod
    let path: String
    var body: [UInt8] = []

    var parts: [HTTPClientRequestPart] {
        var headers: HTTPHeaders = ["host": "zvnft", "connection": "close"]
        guard !body.isEmpty else { return [.head(head(headers)), .end(nil)] }
        headers.add(name: "content-type", value: "application/json")
        headers.add(name: "content-length", value: "\(body.count)")
        return [.head(head(headers)), .body(.byteBuffer(ByteBuffer(bytes: body))), .end(nil)]
    }

    private func head(_ headers: HTTPHeaders) -> HTTPRequestHead {
        HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
    }
}
