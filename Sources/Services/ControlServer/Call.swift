import ControlAPI
import Hummingbird
import NIOCore

/// A request that has found its route: what of it the routes look at.
struct Call: Sendable {
    let channel: any Channel
    /// Values of the path's places, decoded.
    let places: [String: String]
    /// Decoded; only keys that the route knows.
    let query: [String: String]
    let body: ByteBuffer

    func place(_ name: String) throws(Problem) -> String {
        guard let value = places[name] else { throw .badRequest("the path lacks {\(name)}") }
        return value
    }

    func required(_ key: String) throws(Problem) -> String {
        guard let value = query[key], !value.isEmpty else { throw .badRequest("the query lacks \"\(key)\"") }
        return value
    }

    func flag(_ key: String) throws(Problem) -> Bool {
        switch query[key] {
        case nil, "false": return false
        case "true": return true
        case let other?: throw .badRequest("\"\(key)\" is true or false, not \"\(other)\"")
        }
    }

    /// An empty body stands for `absent`, if there is such a value.
    func decoded<Value: Decodable>(_ type: Value.Type, absent: Value? = nil) throws(Problem) -> Value {
        if body.readableBytes == 0, let absent { return absent }
        do {
            return try ControlJSON.decode(type, from: body.readableBytesView)
        } catch {
            throw .badRequest("the body is not the expected JSON: \(Self.reason(error))")
        }
    }

    /// Asked for by changes alone: looking up a user's name may read files.
    func caller() async -> Caller {
        await PeerCredentials.of(channel)?.caller ?? Caller(name: "lbctl")
    }

    private static func reason(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "\"\(key.stringValue)\" is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\(pointer(context.codingPath)): \(context.debugDescription)"
        case DecodingError.dataCorrupted(let context): context.debugDescription
        default: "\(error)"
        }
    }

    private static func pointer(_ path: [any CodingKey]) -> String {
        path.isEmpty ? "the whole" : path.map { "/" + $0.stringValue }.joined()
    }
}

extension Problem {
    static func badRequest(_ detail: String) -> Problem { Problem(title: "Bad request", status: 400, detail: detail) }
}
