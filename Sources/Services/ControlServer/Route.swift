import ControlAPI
import Hummingbird

/// One method on one path. The OpenAPI file lists the same, and a test holds the two together.
struct Route: Sendable {
    let method: HTTPRequest.Method
    /// `/api/v1/farms/{farm}`
    let template: String
    /// Names of the query's keys; any other is refused, so that a misspelt filter never means "all".
    let query: [String]
    let answer: @Sendable (Call) async throws -> Response

    init(
        _ method: HTTPRequest.Method, _ template: String, query: [String] = [],
        answer: @escaping @Sendable (Call) async throws -> Response
    ) {
        (self.method, self.template, self.query, self.answer) = (method, template, query, answer)
    }

    /// The decoded values of the template's places; nil when the path is another one, or is not encoded well.
    func places(in path: String) -> [String: String]? {
        let (expected, given) = (segments(of: template), segments(of: path))
        guard expected.count == given.count else { return nil }
        var places: [String: String] = [:]
        for (expected, given) in zip(expected, given) {
            if expected.first == "{" {
                guard let value = PercentEncoding.decode(given), !value.isEmpty else { return nil }
                places[String(expected.dropFirst().dropLast())] = value
            } else if expected != given {
                return nil
            }
        }
        return places
    }

    private func segments(of path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false)
    }
}
