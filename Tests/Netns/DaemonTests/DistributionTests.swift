import Testing

extension RealTraffic {
    /// How connections are shared out.
    @Suite struct Distribution {
        private static let vip4 = "203.0.113.10:80", vip6 = "[2001:db8::10]:80"

        @Test(arguments: [vip4, vip6]) func roundRobinGivesThreeEqualBackendsHundredEach(vip: String) throws {
            let balancer = try Balancer(FarmFile(scheduler: "round-robin"))
            let result = try balancer.lab.connect(to: vip, "--count 300 --rate 600")
            #expect(result.isFlawless, "\(result.summary)")
            #expect(result.backends == ["b1": 100, "b2": 100, "b3": 100])
        }

        @Test(arguments: ["maglev", "round-robin", "random"]) func weightsHoldInTheTableAndInTraffic(scheduler: String) throws {
            let weights = [1: 5, 2: 3, 3: 2]
            let backends = FarmFile.Backends(1...3, families: [4]) { "weight: \(weights[$0, default: 1])" }
            let balancer = try Balancer(FarmFile(listen: ["203.0.113.10:80"], scheduler: scheduler, backends: backends))
            let slots = try balancer.slotsInKernel(of: "203.0.113.10 . tcp . 80")
            for (number, weight) in weights {
                let expected = Double(weight) / 10
                #expect(abs(try balancer.backend("b\(number)").share - expected) <= 0.01)
                let named = slots.count { $0 == "10.0.1.\(10 + number) . 80" }
                #expect(abs(Double(named) / Double(slots.count) - expected) <= 0.01, "\(named) of \(slots.count) slots name b\(number)")
            }
            let result = try balancer.lab.connect(to: Self.vip4, "--count 2000 --rate 2000 --sources \(Lab.clients4)")
            #expect(result.isFlawless, "\(result.summary)")
            // Four standard deviations of 2 000 draws, at most 0.045, and the percentage point that the table may be off.
            for (number, weight) in weights {
                #expect(abs(Double(result.backends["b\(number)", default: 0]) / 2000 - Double(weight) / 10) < 0.055, "\(result.backends)")
            }
        }

        @Test(arguments: [(vip4, Lab.clients4), (vip6, Lab.clients6)])
        func hashOnTheSourceAddressKeepsEachClientOnOneBackend(vip: String, clients: String) throws {
            let balancer = try Balancer(FarmFile(scheduler: "hash", more: ["hash: [sourceAddress]"]))
            let mapping = try balancer.lab.clients(of: vip, "--sources \(clients) --per-source 4")
            let backendsOfClient = Dictionary(grouping: mapping, by: { Self.address(of: $0.key) }).mapValues { Set($0.map(\.value)) }
            #expect(backendsOfClient.count == 254)
            #expect(backendsOfClient.allSatisfy { $0.value.count == 1 })
            #expect(Set(mapping.values) == ["b1", "b2", "b3"])
        }

        @Test(arguments: [vip4, vip6]) func randomIsEven(vip: String) throws {
            let balancer = try Balancer(FarmFile(scheduler: "random"))
            let result = try balancer.lab.connect(to: vip, "--count 1500 --rate 1500")
            #expect(result.isFlawless, "\(result.summary)")
            // χ² with two degrees of freedom: 18.4 is passed by chance once in 10 000 runs.
            let chiSquare = ["b1", "b2", "b3"].map { Double(result.backends[$0, default: 0]) - 500 }.reduce(0) { $0 + $1 * $1 / 500 }
            #expect(chiSquare < 18.4, "\(result.backends)")
        }

        private static func address(of client: String) -> String { String(client[..<(client.lastIndex(of: ":") ?? client.endIndex)]) }
    }
}
