import Testing

extension RealTraffic {
    /// Who moves when one of ten Maglev backends goes.
    @Suite struct Stability {
        private static let vip = "203.0.113.10:80"
        private static let ends = "--sources \(Lab.clients4) --per-source 4"
        private static let others = Set((1...10).map { "b\($0)" }).subtracting(["b4"])

        private static func farm(_ numbers: [Int], tableSize: String) -> FarmFile {
            FarmFile(
                listen: [vip], backends: .init(numbers, families: [4]),
                more: ["hash: [sourceAddress, sourcePort]", "tableSize: \(tableSize)"])
        }

        @Test func failureAndReturnMoveNoClientOfTheOthers() throws {
            let balancer = try Balancer(Self.farm(Array(1...10), tableSize: "auto"))
            let before = try balancer.lab.clients(of: Self.vip, Self.ends)
            #expect(Set(before.values).count == 10)

            try balancer.lab.killServers(of: "b4")
            try balancer.awaitHealth("down", of: "b4")
            let without = try balancer.lab.clients(of: Self.vip, Self.ends)
            #expect(Movement(before: before, after: without).shareMoved(from: Self.others) == 0)
            #expect(!without.values.contains("b4"))

            try balancer.lab.startServers(of: "b4")
            try balancer.awaitHealth("up", of: "b4")
            #expect(try balancer.lab.clients(of: Self.vip, Self.ends) == before)
        }

        @Test(arguments: [("auto", 0.09), ("1021", 0.035)]) func removalMovesFewClientsOfTheOthers(tableSize: String, bound: Double) throws
        {
            let balancer = try Balancer(Self.farm(Array(1...10), tableSize: tableSize))
            let clients = try balancer.lab.clients(of: Self.vip, Self.ends)
            let slots = try balancer.namedSlots(of: "203.0.113.10 . tcp . 80")

            try balancer.write("farm", Self.farm([1, 2, 3, 5, 6, 7, 8, 9, 10], tableSize: tableSize).text)
            try balancer.apply()
            let clientsMoved = Movement(before: clients, after: try balancer.lab.clients(of: Self.vip, Self.ends))
            #expect(clientsMoved.shareMoved(from: Self.others) <= bound)
            let slotsMoved = Movement(before: slots, after: try balancer.namedSlots(of: "203.0.113.10 . tcp . 80"))
            #expect(slotsMoved.before.count == slotsMoved.after.count && slotsMoved.before.count > 100)
            #expect(slotsMoved.shareMoved(from: Set(slots.values).subtracting(["10.0.1.14 . 80"])) <= bound)
        }
    }
}
