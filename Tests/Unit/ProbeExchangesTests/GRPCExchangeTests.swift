import FarmModel
import HealthPolicy
import NetTypes
import Testing

@testable import ProbeExchanges

@Suite struct GRPCExchangeTests {
    private static let settings = HTTP2Frame(4, [0, 3, 0, 0, 0, 100]).octets
    private static let acknowledgement = HTTP2Frame(4, flags: 1).octets
    private static func headers(_ block: [UInt8], flags: UInt8 = 4) -> [UInt8] { HTTP2Frame(1, flags: flags, stream: 1, block).octets }
    /// :status 200 from the static table, as is.
    private static let head = headers([0x88])
    private static func data(_ message: [UInt8], flags: UInt8 = 0) -> [UInt8] { HTTP2Frame(0, flags: flags, stream: 1, message).octets }
    private static func state(_ number: UInt8) -> [UInt8] { data([0, 0, 0, 0, 2, 8, number]) }
    private static func trailers(_ status: String, _ message: String? = nil) -> [UInt8] {
        headers(HPACK.encode([("grpc-status", status)] + (message.map { [("grpc-message", $0)] } ?? [])), flags: 5)
    }
    /// "grpc-status: 0" with a Huffman-coded name, as grpc-go sends it.
    private static let coded = headers([0x40, 0x88, 0x9A, 0xCA, 0xC8, 0xB2, 0x12, 0x34, 0xDA, 0x8F, 0x01, 0x30], flags: 5)

    private func exchange(_ service: String = "") -> GRPCExchange {
        GRPCExchange(check: GRPCCheck(service: service), target: Endpoint(address: IPAddress(v4: 0x0A00_0001), port: 50051))
    }

    @Test(arguments: [
        Talk("serving", settings + head + state(1) + trailers("0"), .success("SERVING")),
        Talk("coded trailers", settings + head + state(1) + coded, .success("SERVING")),
        Talk("message in two frames", settings + head + data([0, 0, 0]) + data([0, 2, 8, 1]) + trailers("0"), .success("SERVING")),
        Talk("padding", settings + head + data([2, 0, 0, 0, 0, 2, 8, 1, 9, 9], flags: 8) + trailers("0"), .success("SERVING")),
        Talk("priority", settings + headers([0, 0, 0, 0, 16, 0x88], flags: 0x24) + state(1) + trailers("0"), .success("SERVING")),
        Talk(
            "continuation", settings + headers([], flags: 0) + HTTP2Frame(9, flags: 4, stream: 1, [0x88]).octets + state(1) + trailers("0"),
            .success("SERVING")),
        Talk("not serving", settings + head + state(2) + trailers("0"), .failure("NOT_SERVING")),
        Talk("state left out", settings + head + data([0, 0, 0, 0, 0]) + trailers("0"), .failure("UNKNOWN")),
        Talk("unknown state", settings + head + state(9) + trailers("0"), .failure("state 9")),
        Talk(
            "no such service", settings + headers([0x88] + HPACK.encode([("grpc-status", "5"), ("grpc-message", "unknown")]), flags: 5),
            .failure("NOT_FOUND: unknown")),
        Talk("no health service", settings + head + trailers("12"), .failure("UNIMPLEMENTED")),
        Talk("code beyond", settings + head + trailers("99"), .failure("grpc-status 99")),
        Talk("no status", settings + head + state(1) + headers([], flags: 5), .failure("no grpc-status")),
        Talk("ended with data", settings + head + data([0, 0, 0, 0, 2, 8, 1], flags: 1), .failure("no grpc-status")),
        Talk("http status", settings + headers([0x8D]), .failure("status 404")),
        Talk("reset", settings + HTTP2Frame(3, stream: 1, [0, 0, 0, 7]).octets, .failure("stream reset (7)")),
        Talk(
            "turned away", settings + HTTP2Frame(7, [0, 0, 0, 0, 0, 0, 0, 11] + Array("calm".utf8)).octets,
            .failure("turned away (11): calm")),
        Talk(
            "shutting down after us", settings + HTTP2Frame(7, [0, 0, 0, 1, 0, 0, 0, 0]).octets + head + state(1) + trailers("0"),
            .success("SERVING")),
        Talk("compressed message", settings + head + data([1, 0, 0, 0, 2, 8, 1]) + trailers("0"), .failure("malformed message")),
        Talk("message too short", settings + head + data([0, 0, 0, 0, 9, 8, 1]) + trailers("0"), .failure("malformed message")),
        Talk("dynamic table", settings + headers([0xBE]), .failure("malformed headers")),
        Talk("table grows", settings + headers([0x3F, 0xE1, 0x1F]), .failure("malformed headers")),
        Talk("number without an end", settings + headers([0x00, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]), .failure("malformed headers")),
        Talk("too much padding", settings + head + data([9, 0], flags: 8), .failure("not a gRPC answer")),
        Talk("too much padding of headers", settings + headers([9, 0], flags: 0x2C), .failure("not a gRPC answer")),
        Talk("headers within headers", settings + headers([0x88], flags: 0) + head, .failure("not a gRPC answer")),
        Talk("continuation of nothing", settings + HTTP2Frame(9, flags: 4, stream: 1, [0x88]).octets, .failure("not a gRPC answer")),
        Talk("frame too long", settings + [0x00, 0x40, 0x01, 0, 0, 0, 0, 0, 1], .failure("not a gRPC answer")),
        Talk("ping that is none", settings + HTTP2Frame(6, [UInt8](repeating: 0, count: 16_000)).octets, .failure("not a gRPC answer")),
        Talk("web server", "HTTP/1.1 400 Bad Request\r\n\r\n", .failure("not a gRPC answer")),
        Talk("no settings", head, .failure("not a gRPC answer")),
        Talk("closed", "", .closed, .silence("closed without an answer")),
        Talk("closed in the middle", settings, .closed, .silence("closed within the answer")),
        Talk("silent", "", .expired, .silence("no answer to the request")),
        Talk("silent later", settings + head, .expired, .silence("answer not complete")),
        Talk(
            "endless frames", settings + [[UInt8]](repeating: HTTP2Frame(8, [0, 0, 0, 1]).octets, count: 1001).flatMap { $0 },
            .failure("not a gRPC answer")),
        Talk(
            "endless message", settings + [[UInt8]](repeating: data([UInt8](repeating: 0, count: 16_000)), count: 5).flatMap { $0 },
            .failure("not a gRPC answer")),
        Talk(
            "endless headers",
            settings + headers([], flags: 0)
                + [[UInt8]](repeating: HTTP2Frame(9, stream: 1, [UInt8](repeating: 0x88, count: 16_000)).octets, count: 5).flatMap { $0 },
            .failure("not a gRPC answer")),
    ]) func answers(_ talk: Talk) { talk.judge(exchange()) }

    @Test func settingsAndPingsAreAnswered() {
        let ping: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let talk = Talk(
            "ping", Self.settings + HTTP2Frame(6, ping).octets + Self.acknowledgement + HTTP2Frame(6, flags: 1, ping).octets, nil)
        let opening = talk.judge(exchange()).sent
        #expect(Array(opening.suffix(26)) == Self.acknowledgement + HTTP2Frame(6, flags: 1, ping).octets)
    }

    @Test func questionIsOneRequest() throws {
        guard case .send(let bytes) = exchange("shop.v1").opened() else { throw Unexpected() }
        #expect(bytes.starts(with: HTTP2Frame.preface))
        var (reader, frames) = (HTTP2FrameReader(), [HTTP2Frame]())
        for byte in bytes.dropFirst(HTTP2Frame.preface.count) {
            if case .frame(let frame) = reader.take(byte) { frames.append(frame) }
        }
        #expect(frames.map(\.kind) == [4, 1, 0] && frames.map(\.stream) == [0, 1, 1] && frames.map(\.flags) == [0, 4, 1])
        let fields = try #require(HPACK.decode(frames[1].payload[...]))
        #expect(fields.first { $0.name == ":path" }?.value == "/grpc.health.v1.Health/Check")
        #expect(fields.first { $0.name == ":authority" }?.value == "10.0.0.1:50051")
        #expect(frames[2].payload == [0, 0, 0, 0, 9, 0x0A, 7] + Array("shop.v1".utf8))
        #expect(GRPCMessage.request(service: "") == [0, 0, 0, 0, 0])
        #expect(GRPCMessage.request(service: String(repeating: "a", count: 200)).prefix(8) == [0, 0, 0, 0, 203, 0x0A, 0xC8, 0x01])
    }

    private struct Unexpected: Error {}
}

/// The examples of RFC 7541, appendix C.
@Suite struct HPACKTests {
    @Test func huffmanExamples() {
        let examples: [([UInt8], String)] = [
            ([0xF1, 0xE3, 0xC2, 0xE5, 0xF2, 0x3A, 0x6B, 0xA0, 0xAB, 0x90, 0xF4, 0xFF], "www.example.com"),
            ([0xA8, 0xEB, 0x10, 0x64, 0x9C, 0xBF], "no-cache"), ([0x64, 0x02], "302"), ([], ""),
            ([0xAE, 0xC3, 0x77, 0x1A, 0x4B], "private"),
        ]
        for (coded, text) in examples { #expect(HPACKHuffman.decode(coded) == Array(text.utf8)) }
    }

    @Test func whatIsNoHuffmanCode() {
        // Padding with zeros, an octet of padding, the end of text itself.
        for coded in [[0x64, 0x02, 0x00], [0x64, 0x02, 0xFF], [0xFF, 0xFF, 0xFF, 0xFF]] as [[UInt8]] {
            #expect(HPACKHuffman.decode(coded) == nil)
        }
    }

    @Test(arguments: [(10, 5, [0x0A]), (1337, 5, [0x1F, 0x9A, 0x0A]), (42, 8, [0x2A]), (127, 7, [0x7F, 0x00])] as [(Int, Int, [UInt8])])
    func numbers(value: Int, prefix: Int, octets: [UInt8]) { #expect(HPACK.number(value, prefix: prefix) == octets) }

    @Test func longTextsComeBack() throws {
        let fields = [("x", String(repeating: "v", count: 300)), (":status", "200")]
        let decoded = try #require(HPACK.decode(HPACK.encode(fields)[...]))
        #expect(decoded.map(\.name) == ["x", ":status"] && decoded[0].value.count == 300)
    }

    @Test func everyFormOfALiteral() throws {
        // Indexed, with indexing, without, never; a size of 0 is allowed.
        let block: [UInt8] = [0x20, 0x8C, 0x48, 3, 0x33, 0x30, 0x31, 0x08, 3, 0x33, 0x30, 0x32, 0x18, 3, 0x33, 0x30, 0x33]
        let fields = try #require(HPACK.decode(block[...]))
        #expect(fields.map(\.value) == ["400", "301", "302", "303"] && fields.allSatisfy { $0.name == ":status" })
    }
}

/// No bytes at all bring a reader to its knees, and all of them end.
@Suite struct NoiseTests {
    @Test(arguments: 1...40 as ClosedRange<UInt64>) func noiseEndsEveryTalk(seed: UInt64) {
        let endpoint = Endpoint(address: IPAddress(v4: 1), port: 1)
        let kinds: [HealthCheck.Kind] = [
            .http(HTTPCheck(expectBody: "x")), .redis(Login()), .postgres(Login()), .mysql(Login()), .smtp(SMTPCheck()), .grpc(GRPCCheck()),
        ]
        // The first bytes of a sound answer lead the noise further in.
        let starts: [[UInt8]] = [
            [], Array("HTTP/1.1 200 OK\r\n\r\n".utf8), Array("+".utf8), [0x52, 0, 0, 0, 8], [40, 0, 0, 0, 10, 0x35, 0], Array("220 ".utf8),
            [0, 0, 0, 4, 0, 0, 0, 0, 0], [0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 60, 1, 4, 0, 0, 0, 1],
        ]
        for kind in kinds {
            for start in starts {
                guard var exchange = ProbeTarget(address: endpoint.address, port: 1, check: HealthCheck(kind: kind)).exchange(nonce: seed) else {
                    continue
                }
                _ = exchange.opened()
                let bytes = start + noise(seed: seed, count: 400)
                for byte in bytes { _ = exchange.received([byte].span) }
                _ = (exchange.closed(), exchange.expired())
            }
        }
    }
}
