import ControlAPI
import Hummingbird
import NIOCore

/// Finds the route of a request and turns every failure into a problem document.
struct RouteTable: HTTPResponder {
    let routes: [Route]
    let limits: ControlLimits

    func respond(to request: Request, context: Connection) async throws -> Response {
        do {
            let (route, places) = try route(for: request)
            let query = try query(of: request, for: route)
            let body = try await body(of: request, on: context.channel)
            return try await route.answer(
                Call(channel: context.channel, places: places, query: query, body: body)
            )
        } catch let problem as Problem {
            return .problem(problem)
        }
    }

    private func route(for request: Request) throws(Problem) -> (Route, [String: String]) {
        let found = routes.compactMap { route in route.places(in: request.uri.path).map { (route, $0) } }
        if let match = found.first(where: { $0.0.method == request.method }) { return match }
        guard !found.isEmpty else {
            throw Problem(title: "Not found", status: 404, detail: "nothing is served at \(request.uri.path)")
        }
        let methods = found.map(\.0.method.rawValue).sorted().joined(separator: ", ")
        throw Problem(title: "Method not allowed", status: 405, detail: "\(request.uri.path) takes \(methods), not \(request.method)")
    }

    private func query(of request: Request, for route: Route) throws(Problem) -> [String: String] {
        var query: [String: String] = [:]
        for pair in (request.uri.query ?? "").split(separator: "&") {
            let halves = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let key = PercentEncoding.decode(halves[0]), let value = PercentEncoding.decode(halves.count > 1 ? halves[1] : "") else {
                throw .badRequest("the query is not encoded well: \(pair)")
            }
            guard route.query.contains(key) else { throw .badRequest("the query's \"\(key)\" is not known here") }
            guard query.updateValue(value, forKey: key) == nil else { throw .badRequest("the query has \"\(key)\" twice") }
        }
        return query
    }

    /// Reads the whole body before the route is asked, so that a body which trickles in holds a connection for a bounded time only.
    private func body(of request: Request, on channel: any Channel) async throws -> ByteBuffer {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limits.bodyBytes { throw tooLarge(for: channel) }
        let deadline = channel.eventLoop.scheduleTask(in: TimeAmount(limits.bodyTime)) { channel.close(promise: nil) }
        defer { deadline.cancel() }
        do {
            return try await request.body.collect(upTo: limits.bodyBytes)
        } catch is NIOTooManyBytesError {
            throw tooLarge(for: channel)
        }
    }

    /// The rest of the body is not worth reading: the connection ends once the answer has had time to leave.
    private func tooLarge(for channel: any Channel) -> Problem {
        channel.eventLoop.scheduleTask(in: .seconds(1)) { channel.close(promise: nil) }
        return Problem(title: "Content too large", status: 413, detail: "a body has at most \(limits.bodyBytes) bytes")
    }
}

/// What a responder knows of the connection that a request came by.
struct Connection: InitializableFromSource {
    let channel: any Channel

    init(source: ApplicationRequestContextSource) { channel = source.channel }
}
