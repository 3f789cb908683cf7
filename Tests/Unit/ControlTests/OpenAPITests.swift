import ControlAPI
import Testing
import Yams

@testable import ControlServer

/// docs/openapi.yaml says what is served, no more and no less.
@Suite struct OpenAPITests {
    @Test func thePathsOfTheFileAreTheRoutesOfTheServer() throws {
        let routes = Route.all(of: FakeBalancer(), heartbeat: .seconds(1)).map {
            OpenAPIFile.Operation(method: $0.method.rawValue, path: $0.template, query: $0.query.sorted())
        }
        let described = try OpenAPIFile().operations
        #expect(described.subtracting(routes).isEmpty, "described and not served")
        #expect(Set(routes).subtracting(described).isEmpty, "served and not described")
        #expect(Set(routes).count == routes.count)
    }

    private static let views: [(String, any Encodable & Sendable)] = [
        ("StatusView", Sample.fullStatus), ("FarmList", FarmList(farms: [Sample.web])),
        (
            "FarmDetail",
            FarmDetail(
                farm: Sample.web, backends: [Sample.counted], source: "farms.d/web.yaml:1", handover: Sample.handover,
                traffic: Sample.traffic, listeners: [.init(listen: "203.0.113.10:80/tcp", traffic: Sample.traffic)],
                policies: [.init(name: "bad", action: "drop", hits: .init(packets: 3, bytes: 180))])
        ),
        ("BackendList", BackendList(backends: [Sample.counted])), ("OverrideRequest", OverrideRequest(admin: "drain", weight: 3)),
        ("ApplyRequest", ApplyRequest()), ("PlanView", Sample.plan(same: false)), ("RulesView", RulesView(text: "")),
        ("WhyView", Sample.why), ("SessionList", SessionList(sessions: [Sample.sessions[0]])), ("SessionView", Sample.sessions[0]),
        ("SessionsDeleted", SessionsDeleted(deleted: 1)),
        ("TraceView", Sample.trace(from: "a", to: "b")), ("EventView", Sample.event),
        ("Problem", Problem(title: "Bad farm files", status: 422, detail: "", faults: ["error"])),
    ]

    /// Each sample has every key set, so that a key missing on either side shows.
    @Test(arguments: views.indices)
    func theSchemasOfTheFileAreTheViews(_ index: Int) throws {
        let (name, view) = Self.views[index]
        let json = String(decoding: try ControlJSON.encode(view), as: UTF8.self)
        let value = try #require(try Yams.load(yaml: json))
        #expect(try OpenAPIFile().faults(of: value, as: name) == [])
    }
}
