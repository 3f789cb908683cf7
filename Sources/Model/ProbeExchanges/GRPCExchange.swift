import FarmModel
import NetTypes

/// grpc.health.v1.Health/Check over HTTP/2 with prior knowledge, on one stream. Everything is sent at once; the server need only answer.
struct GRPCExchange: ProbeExchange {
    static let longestMessage = 65_536
    /// Each is answered with 17 octets at most, so this bounds what a server that does not read leaves unsent, too.
    static let mostFrames = 1000

    private let check: GRPCCheck
    private let target: Endpoint
    private var reader = HTTP2FrameReader()
    private var frames = 0
    private var answer = GRPCAnswer()

    init(check: GRPCCheck, target: Endpoint) { (self.check, self.target) = (check, target) }

    func opened() -> ProbeStep {
        // No dynamic table (1 = 0) and no pushes (2 = 0).
        let settings = HTTP2Frame(HTTP2Frame.Kind.settings, [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0])
        let headers = HPACK.encode([
            (":method", "POST"), (":scheme", "http"), (":path", "/grpc.health.v1.Health/Check"),
            (":authority", check.host ?? target.description), ("content-type", "application/grpc"), ("te", "trailers"),
            ("user-agent", "zvnft"),
        ])
        return .send(
            HTTP2Frame.preface + settings.octets
                + HTTP2Frame(HTTP2Frame.Kind.headers, flags: HTTP2Frame.Flag.endHeaders, stream: 1, headers).octets
                + HTTP2Frame(
                    HTTP2Frame.Kind.data, flags: HTTP2Frame.Flag.endStream, stream: 1, GRPCMessage.request(service: check.service)
                ).octets)
    }

    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep {
        var words: [UInt8] = []
        for index in bytes.indices {
            switch reader.take(bytes[index]) {
            case .none: break
            case .tooLong: return .done(.failure("not a gRPC answer"))
            case .frame(let frame):
                switch take(frame) {
                case .wait: break
                case .send(let more): words += more
                case let end: return end
                }
            }
        }
        return words.isEmpty ? .wait : .send(words)
    }

    func closed() -> ProbeOutcome { .silence(isSilent ? "closed without an answer" : "closed within the answer") }
    func expired() -> ProbeOutcome { .silence(isSilent ? "no answer to the request" : "answer not complete") }

    private var isSilent: Bool { frames == 0 && reader.isEmpty }

    private mutating func take(_ frame: HTTP2Frame) -> ProbeStep {
        frames += 1
        // The first one has to be SETTINGS (RFC 9113 § 3.4); what is something else shows itself here.
        guard frames <= Self.mostFrames, frames > 1 || frame.kind == HTTP2Frame.Kind.settings else {
            return .done(.failure("not a gRPC answer"))
        }
        switch frame.kind {
        case HTTP2Frame.Kind.settings: return acknowledgement(of: frame, echo: [])
        case HTTP2Frame.Kind.ping:
            // RFC 9113 § 6.7
            guard frame.payload.count == 8 else { return .done(.failure("not a gRPC answer")) }
            return acknowledgement(of: frame, echo: frame.payload)
        case HTTP2Frame.Kind.goAway: return takeFarewell(frame)
        default: return frame.stream == 1 ? answer.take(frame).map(ProbeStep.done) ?? .wait : .wait
        }
    }

    private func acknowledgement(of frame: HTTP2Frame, echo: [UInt8]) -> ProbeStep {
        guard !frame.has(HTTP2Frame.Flag.acknowledged) else { return .wait }
        return .send(HTTP2Frame(frame.kind, flags: HTTP2Frame.Flag.acknowledged, echo).octets)
    }

    /// One without an error lets streams end that have begun.
    private func takeFarewell(_ frame: HTTP2Frame) -> ProbeStep {
        guard frame.payload.count >= 8 else { return .done(.failure("not a gRPC answer")) }
        let last = frame.payload[0..<4].reduce(0) { $0 << 8 | Int($1) } & 0x7FFF_FFFF
        let code = frame.payload[4..<8].reduce(0) { $0 << 8 | Int($1) }
        let words = frame.payload[8...]
        return code == 0 && last >= 1 ? .wait : .done(.failure("turned away (\(code))" + (words.isEmpty ? "" : ": \(shown(words))")))
    }
}
