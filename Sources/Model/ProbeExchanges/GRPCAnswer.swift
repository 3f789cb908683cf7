/// What comes back on the stream of the question.
struct GRPCAnswer {
    private static let codes = [
        "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
        "UNAUTHENTICATED",
    ]
    private static let states = ["UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN"]

    private var message: [UInt8] = []
    private var block: [UInt8] = []
    private var isBlockOpen = false
    private var endsStream = false
    private var status: Int?
    private var words = ""

    /// Nil while more is to come.
    mutating func take(_ frame: HTTP2Frame) -> ProbeOutcome? {
        guard !isBlockOpen || frame.kind == HTTP2Frame.Kind.continuation else { return .failure("not a gRPC answer") }
        switch frame.kind {
        case HTTP2Frame.Kind.data: return takeData(frame)
        case HTTP2Frame.Kind.headers:
            endsStream = frame.has(HTTP2Frame.Flag.endStream)
            return takeBlock(frame, frame.content)
        case HTTP2Frame.Kind.continuation: return isBlockOpen ? takeBlock(frame, frame.payload[...]) : .failure("not a gRPC answer")
        case HTTP2Frame.Kind.reset: return .failure("stream reset (\(frame.payload.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }))")
        default: return nil
        }
    }

    private mutating func takeData(_ frame: HTTP2Frame) -> ProbeOutcome? {
        guard let content = frame.content, message.count + content.count <= GRPCExchange.longestMessage else {
            return .failure("not a gRPC answer")
        }
        message += content
        return frame.has(HTTP2Frame.Flag.endStream) ? judge() : nil
    }

    private mutating func takeBlock(_ frame: HTTP2Frame, _ content: ArraySlice<UInt8>?) -> ProbeOutcome? {
        guard let content, block.count + content.count <= GRPCExchange.longestMessage else { return .failure("not a gRPC answer") }
        block += content
        isBlockOpen = !frame.has(HTTP2Frame.Flag.endHeaders)
        guard !isBlockOpen else { return nil }
        defer { block = [] }
        guard let fields = HPACK.decode(block[...]) else { return .failure("malformed headers") }
        for (name, value) in fields {
            switch name {
            case ":status": if value != "200" { return .failure("status \(shown(value.utf8))") }
            case "grpc-status": status = Int(value)
            case "grpc-message": words = shown(value.utf8)
            default: break
            }
        }
        return endsStream ? judge() : nil
    }

    private func judge() -> ProbeOutcome {
        guard let status else { return .failure("no grpc-status") }
        guard status == 0 else {
            let name = Self.codes.indices.contains(status) ? Self.codes[status] : "grpc-status \(status)"
            return .failure(words.isEmpty ? name : "\(name): \(words)")
        }
        guard let state = GRPCMessage.status(in: message) else { return .failure("malformed message") }
        let name = Self.states.indices.contains(state) ? Self.states[state] : "state \(state)"
        return state == 1 ? .success(name) : .failure(name)
    }
}
