import ControlAPI
import NIOCore
import NIOHTTP1
import NIOPosix

/// Speaks to the daemon over its Unix socket, one connection a call.
///
/// Every call throws `Problem` when the daemon answers with one, and `Unreachable` when there is no answer.
public struct ControlClient: Sendable {
    let socketPath: String
    /// For the whole of a call; event streams have none.
    let timeout: Duration
    let patience: Patience

    public init(socketPath: String = Product.socketPath, timeout: Duration = .seconds(30), patience: Patience = Patience()) {
        (self.socketPath, self.timeout, self.patience) = (socketPath, timeout, patience)
    }

    public func status() async throws -> StatusView { try await get("status") }

    public func farms() async throws -> FarmList { try await get("farms") }

    public func farm(_ name: String) async throws -> FarmDetail { try await get("farms/\(PercentEncoding.encode(name))") }

    /// Nil: of all farms.
    public func backends(farm: String? = nil, countingConnections: Bool = false) async throws -> BackendList {
        try await get("backends", query: ["farm": farm, "connections": countingConnections ? "true" : nil])
    }

    /// Nil: of all its backends.
    public func why(farm: String, backend: String? = nil) async throws -> WhyView {
        try await get("why", query: ["farm": farm, "backend": backend])
    }

    /// Nil drops the override.
    public func override(farm: String, backend: String, _ request: OverrideRequest?) async throws -> BackendView {
        let path = "farms/\(PercentEncoding.encode(farm))/backends/\(PercentEncoding.encode(backend))/override"
        guard let request else { return try await call(.DELETE, path) }
        return try await call(.PUT, path, body: try ControlJSON.encode(request))
    }

    public func apply(_ request: ApplyRequest) async throws -> PlanView {
        try await call(.POST, "apply", body: try ControlJSON.encode(request))
    }

    /// What `apply` would do.
    public func plan() async throws -> PlanView { try await call(.POST, "plan") }

    /// Nil: of all farms.
    public func sessions(farm: String? = nil) async throws -> SessionList { try await get("sessions", query: ["farm": farm]) }

    public func deleteSessions(farm: String, client: String?, backend: String?) async throws -> SessionsDeleted {
        try await call(.DELETE, "sessions" + encoded(["farm": farm, "client": client, "backend": backend]))
    }

    public func rules(farm: String? = nil) async throws -> RulesView { try await get("rules", query: ["farm": farm]) }

    public func trace(from: String, to: String) async throws -> TraceView {
        try await get("trace", query: ["from": from, "to": to])
    }

    private func get<View: Decodable>(_ path: String, query: [String: String?] = [:]) async throws -> View {
        try await call(.GET, path + encoded(query))
    }

    private func call<View: Decodable>(_ method: HTTPMethod, _ path: String, body: [UInt8] = []) async throws -> View {
        let bytes = try await exchange(ControlRequest(method: method, path: "/api/v1/" + path, body: body))
        do {
            return try ControlJSON.decode(View.self, from: bytes)
        } catch {
            throw unreachable("answered what this version of lbctl does not understand (\(error))")
        }
    }

    func encoded(_ query: [String: String?]) -> String {
        let pairs = query.compactMap { key, value in value.map { "\(key)=\(PercentEncoding.encode($0))" } }.sorted()
        return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    func unreachable(_ reason: String) -> Unreachable { Unreachable(socketPath: socketPath, reason: reason) }
}
