import Glibc
import Testing

extension RealTraffic {
    /// Changes at 1 000 new connections a second and 40 long ones, in each of the modes with conntrack: nothing may break.
    @Suite struct ChangesUnderLoad {
        @Test func reReadWithChanges() throws {
            try Traffic.survives { balancer in
                try balancer.writeFarms { $0.more = ["hash: [sourceAddress]"] }
                try balancer.apply()
                try balancer.writeFarms { $0.backends = .init(1...3, port: nil, families: [4]) { "weight: \($0)" } }
                balancer.signal(SIGHUP)
                try eventually("the weights of the files are in use") { try balancer.backend("b3").weight == 3 }
            }
        }

        @Test func backendAddedAndRemoved() throws {
            try Traffic.survives { balancer in
                try balancer.writeFarms { $0.backends = .init(1...4, port: nil, families: [4]) }
                try balancer.apply()
                try balancer.awaitAllUp()
                try balancer.writeFarms { $0.backends = .init([1, 3, 4], port: nil, families: [4]) }
                try balancer.apply()
                #expect(try balancer.backends().map(\.name) == ["b1", "b3", "b4", "b1", "b3", "b4"])
            }
        }

        @Test func farmReplacedByAnotherOfTheSameListener() throws {
            try Traffic.survives { balancer in
                try balancer.writeFarms { $0.name += "-new" }
                try balancer.apply()
                let farms: FarmList = try balancer.ask("farm", "list")
                #expect(farms.farms.map(\.name) == ["dnat-new", "snat-new"])
            }
        }

        @Test func schedulerChanged() throws {
            try Traffic.survives { balancer in
                for scheduler in ["round-robin", "random", "maglev"] {
                    try balancer.writeFarms { $0.scheduler = scheduler }
                    try balancer.apply()
                    let farms: FarmList = try balancer.ask("farm", "list")
                    #expect(farms.farms.allSatisfy { $0.scheduler == scheduler })
                }
            }
        }

        @Test func killedAndRestartedThreeTimes() throws {
            try Traffic.survives { balancer in
                for _ in 1...3 {
                    balancer.kill()
                    try balancer.start()
                    try balancer.awaitAllUp()
                }
            }
        }

        @Test func foreignFlushOfTheRuleset() throws {
            try Traffic.survives { balancer in
                _ = try Program.run(balancer.lab.inside("balancer", ["nft", "flush", "ruleset"]))
                #expect(try balancer.kernelRules().contains("203.0.113.10 . tcp . 80"))
            }
        }
    }
}

/// Both modes with conntrack under load.
private enum Traffic {
    static let farms = [
        FarmFile(
            name: "dnat", listen: ["{ address: 203.0.113.10, ports: [80, 9000] }"], mode: "dnat",
            backends: .init(1...3, port: nil, families: [4])),
        FarmFile(
            name: "snat", listen: ["{ address: 203.0.113.11, ports: [80, 9000] }"], mode: "snat",
            backends: .init(1...3, port: nil, families: [4])),
    ]

    static func survives(_ change: (Balancer) throws -> Void, at place: SourceLocation = #_sourceLocation) throws {
        let balancer = try Balancer(Dictionary(uniqueKeysWithValues: farms.map { ($0.name, $0.text) }))
        let vips = ["203.0.113.10", "203.0.113.11"]
        let tracked = try balancer.lab.trackedConnections()
        let long = try vips.map { try balancer.lab.holding(to: "\($0):9000", seconds: 4) }
        let new = try vips.map {
            try balancer.lab.connecting(to: "\($0):80", "--rate 1000 --duration 4s --timeout 3s --sources \(Lab.clients4)")
        }
        try eventually("the load is running") { try balancer.lab.trackedConnections() > tracked + 500 }
        try change(balancer)
        for (vip, load) in zip(vips, new) {
            let result = try load.result()
            #expect(result.isFlawless && result.answered >= 4000, "\(vip): \(result.summary)", sourceLocation: place)
        }
        for (vip, load) in zip(vips, long) {
            let result = try load.result()
            #expect(result.areAllAlive, "\(vip): \(result)", sourceLocation: place)
        }
    }
}

extension Balancer {
    fileprivate func writeFarms(_ change: (inout FarmFile) -> Void) throws {
        for var farm in Traffic.farms {
            let file = farm.name
            change(&farm)
            try write(file, farm.text)
        }
    }
}
