import ControlAPI
import Hummingbird

extension Route {
    /// Everything that is served, as a table.
    static func all(of service: any ControlService, heartbeat: Duration) -> [Route] {
        reading(service) + changing(service) + watching(service, heartbeat)
    }

    private static func reading(_ service: any ControlService) -> [Route] {
        [
            Route(.get, "/api/v1/status") { _ in try .json(try await service.status()) },
            Route(.get, "/api/v1/farms") { _ in try .json(try await service.farms()) },
            Route(.get, "/api/v1/farms/{farm}") { call in try .json(try await service.farm(try call.place("farm"))) },
            Route(.get, "/api/v1/backends", query: ["farm", "connections"]) { call in
                try .json(try await service.backends(farm: call.query["farm"], countingConnections: try call.flag("connections")))
            },
            Route(.get, "/api/v1/why", query: ["farm", "backend"]) { call in
                try .json(try await service.why(farm: try call.required("farm"), backend: call.query["backend"]))
            },
            Route(.get, "/api/v1/sessions", query: ["farm"]) { call in try .json(try await service.sessions(farm: call.query["farm"])) },
            Route(.get, "/api/v1/rules", query: ["farm"]) { call in try .json(try await service.rules(farm: call.query["farm"])) },
            Route(.get, "/api/v1/trace", query: ["from", "to"]) { call in
                try .json(try await service.trace(from: try call.required("from"), to: try call.required("to")))
            },
        ]
    }

    private static func changing(_ service: any ControlService) -> [Route] {
        let override = "/api/v1/farms/{farm}/backends/{backend}/override"
        return [
            Route(.put, override) { call in try await service.override(call, try call.decoded(OverrideRequest.self)) },
            Route(.delete, override) { call in try await service.override(call, nil) },
            Route(.delete, "/api/v1/sessions", query: ["farm", "client", "backend"]) { call in
                try .json(
                    try await service.deleteSessions(
                        farm: try call.required("farm"), client: call.query["client"], backend: call.query["backend"],
                        by: await call.caller()))
            },
            Route(.post, "/api/v1/apply") { call in
                try .json(try await service.apply(try call.decoded(ApplyRequest.self, absent: ApplyRequest()), by: await call.caller()))
            },
            Route(.post, "/api/v1/plan") { call in
                try .json(try await service.apply(ApplyRequest(dryRun: true), by: await call.caller()))
            },
        ]
    }

    private static func watching(_ service: any ControlService, _ heartbeat: Duration) -> [Route] {
        [
            Route(.get, "/api/v1/events", query: ["farm"]) { call in
                .events(try await service.events(farm: call.query["farm"]), heartbeat: heartbeat)
            },
            Route(.get, "/metrics") { _ in .text(await service.metrics(), type: "text/plain; version=0.0.4; charset=utf-8") },
            Route(.get, "/healthz") { _ in .text("ok\n") },
            // Ready is who can answer for the state of the farms.
            Route(.get, "/readyz") { _ in
                _ = try await service.status()
                return .text("ok\n")
            },
        ]
    }
}

extension ControlService {
    fileprivate func override(_ call: Call, _ request: OverrideRequest?) async throws -> Response {
        try .json(
            try await override(farm: try call.place("farm"), backend: try call.place("backend"), request, by: await call.caller())
        )
    }
}
