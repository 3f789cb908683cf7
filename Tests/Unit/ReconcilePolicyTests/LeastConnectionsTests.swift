import Testing

@testable import ReconcilePolicy

/// The rate at which `live` connections are open on each of `count` backends, if the first is ten times slower than the others.
private func rate(_ live: Double, _ count: Int, lasting: Double) -> Double { live * (Double(count - 1) + 0.1) / lasting }

private func oneSlow(_ count: Int, lasting: Double) -> [Double] { [10 * lasting] + [Double](repeating: lasting, count: count - 1) }

@Suite struct LeastConnectionsTests {
    struct Case: CustomTestStringConvertible {
        let count: Int, tableSize: Int, lasting: Double, live: Double
        var testDescription: String { "\(count) backends, \(tableSize) slots, \(lasting) s, \(live) connections each" }
    }
    static let cases = [
        Case(count: 2, tableSize: 127, lasting: 1, live: 200), Case(count: 3, tableSize: 127, lasting: 0.3, live: 100),
        Case(count: 4, tableSize: 1021, lasting: 0.3, live: 200), Case(count: 10, tableSize: 127, lasting: 2, live: 100),
        Case(count: 10, tableSize: 1021, lasting: 1, live: 200), Case(count: 50, tableSize: 509, lasting: 4, live: 100),
        Case(count: 50, tableSize: 1021, lasting: 2, live: 100),
    ]

    @Test(arguments: cases)
    func aBackendTenTimesSlowerHasAsManyConnectionsAfterTenSeconds(_ it: Case) {
        var scene = ConnectionSimulation(
            lasting: oneSlow(it.count, lasting: it.lasting), rate: rate(it.live, it.count, lasting: it.lasting), tableSize: it.tableSize,
            seed: 1)
        scene.run(30)
        #expect(scene.spread(10...20) < 0.3, "with what chance does at each look")
        #expect(scene.spreadOfMeans(10...20) < 0.1)
        #expect(scene.spreadOfMeans(20...30) < 0.1)
    }

    @Test(arguments: [false, true])
    func aBackendThatBecomesSlowGetsLessWithinSecondsAndMoreWhenItRecovers(isByChance: Bool) {
        var scene = ConnectionSimulation(lasting: [0.5, 0.5, 0.5, 0.5], rate: 1_200, tableSize: 1021, seed: 3)
        scene.isByChance = isByChance
        scene.run(20)
        #expect(abs(scene.share(of: 0, 10...20) - 0.25) < 0.02)
        scene.backends[0].lasting = 5
        scene.run(30)
        #expect(scene.share(of: 0, 23...24) < 0.08)
        #expect(scene.spread(32...50) < 0.25)
        scene.backends[0].lasting = 0.5
        scene.run(30)
        #expect(scene.share(of: 0, 65...80) > 0.22)
        #expect(scene.spread(65...80) < 0.25)
        let most = scene.looks(50...80).map { $0.live[0] }.max() ?? 0
        #expect(most < 300, "a backend that has recovered is not flooded")
    }

    @Test func connectionsThatAreShorterThanALookAreLevelledOnAverage() {
        var scene = ConnectionSimulation(lasting: oneSlow(3, lasting: 0.01), rate: 1_000, tableSize: 1021, seed: 12)
        scene.run(60)
        #expect(abs(scene.share(of: 0, 20...60) - 1 / 21) < 0.008)
        let last = scene.looks(40...60)
        #expect(last.reduce(0) { $0 + $1.moved } < 20 * 30, "thirty slots of a thousand a second")
    }

    @Test func connectionsStandByWeight() {
        let weights = [10, 10, 20, 40]
        let backends = zip(weights, [1.0, 5, 1, 2]).enumerated().map {
            ConnectionSimulation.Backend(name: "b\($0)", weight: $1.0, lasting: $1.1)
        }
        var scene = ConnectionSimulation(backends, rate: 500, tableSize: 1021, seed: 4)
        scene.run(40)
        #expect(scene.spreadOfMeans(15...40) < 0.1)
    }

    @Test func aBackendThatEndsNoConnectionGetsNoMore() {
        var scene = ConnectionSimulation(lasting: [1, 1, 1, 1e9], rate: 300, tableSize: 1021, seed: 5)
        scene.run(60)
        let last = scene.looks(60...60)[0]
        #expect(last.live[3] < 140, "\(last)")
        #expect(scene.share(of: 3, 40...60) < 0.002)
    }

    @Test func threeConnectionsDoNotSwing() {
        var scene = ConnectionSimulation(lasting: [10, 10, 10], rate: 0.3, tableSize: 127, seed: 6)
        scene.run(300)
        for look in scene.looks(0...300) {
            for slots in look.slots { #expect((12...85).contains(slots), "\(look)") }
        }
        let moved = scene.looks(0...300).reduce(0) { $0 + $1.moved }
        #expect(moved < 300 * 2, "two slots a second, on average")
    }

    @Test func withoutConnectionsSharesAreWeights() {
        var scene = ConnectionSimulation(
            [.init(name: "a", weight: 1, lasting: 1), .init(name: "b", weight: 3, lasting: 1)], rate: 1e-9, tableSize: 127, seed: 7)
        scene.run(10)
        #expect(scene.looks(0...10).allSatisfy { $0.slots == [32, 95] || $0.slots == [31, 96] })
        #expect(scene.looks(0.25...10).allSatisfy { $0.moved == 0 })
    }

    @Test func aNewBackendFillsUpWithoutAFlood() {
        var scene = ConnectionSimulation(
            (0..<10).map { .init(name: "b\($0)", isServing: $0 > 0, lasting: 2) }, rate: 900, tableSize: 1021, seed: 8)
        scene.run(20)
        #expect(scene.looks(0...20).allSatisfy { $0.slots[0] == 0 })
        scene.backends[0].isServing = true
        scene.run(20)
        #expect(scene.share(of: 0, 20.5...22) < 0.35, "it is not given everything at once")
        #expect(scene.spread(30...40) < 0.3)
        #expect(scene.looks(20...40).allSatisfy { $0.live[0] < 2 * 180 })
    }

    @Test func aBackendThatGoesLeavesItsShareToTheOthers() {
        var scene = ConnectionSimulation(lasting: oneSlow(5, lasting: 1), rate: 400, tableSize: 251, seed: 9)
        scene.run(15)
        scene.backends[3].isServing = false
        scene.run(15)
        #expect(scene.looks(15.25...30).allSatisfy { $0.slots[3] == 0 && $0.slots.reduce(0, +) == 251 })
        let live = scene.looks(25...30).map { $0.live }
        let means = [0, 1, 2, 4].map { index in live.reduce(0) { $0 + $1[index] } / live.count }
        #expect((means.max() ?? 0) - (means.min() ?? 0) < 15, "\(means)")
    }

    @Test func theOrderOfBackendsDoesNotMatter() {
        let members = [("a", 12, 3), ("b", 40, 1), ("c", 7, 9)].map {
            LeastConnections.Member(name: $0, weight: 1, isServing: true, live: $1, opened: $2)
        }
        var (one, other) = (LeastConnections(), LeastConnections())
        for _ in 0..<20 {
            one.deal(members, tableSize: 127, after: .milliseconds(250))
            other.deal(members.reversed(), tableSize: 127, after: .milliseconds(250))
        }
        #expect(one == other)
        #expect(one.slots != [:])
    }

    @Test func aPolicyGoesOnFromTheSlotsThatItIsGiven() {
        var policy = LeastConnections(slots: ["a": 120, "b": 7])
        let members = ["a", "b"].map { LeastConnections.Member(name: $0, weight: 1, isServing: true, live: 50, opened: 0) }
        policy.deal(members, tableSize: 127, after: .milliseconds(250))
        #expect((80...120).contains(policy.slots["a"] ?? 0), "the first look changes it by a bounded step")
    }

    @Test func whoeverIsOutHasNoSlots() {
        var policy = LeastConnections()
        let members = ["a", "b"].map {
            LeastConnections.Member(name: $0, weight: $0 == "a" ? 0 : 5, isServing: $0 == "a", live: 1, opened: 1)
        }
        policy.deal(members, tableSize: 127, after: .seconds(1))
        #expect(policy.slots == [:])
    }
}

@Suite struct LeastConnectionsSharesTests {
    @Test func slotsAreAllDealtAndNearTheirShares() {
        var random = SplitMix(state: 11)
        for _ in 0..<500 {
            let count = Int.random(in: 1...60, using: &random)
            let slots = [127, 509, 1021].randomElement(using: &random) ?? 127
            let shares = normalized((0..<count).map { _ in pow3(Double.random(in: 0...1, using: &random)) })
            let held = (0..<count).map { Bool.random(using: &random) ? Int(shares[$0] * Double(slots)) : nil as Int? }
            let dealt = apportioned(shares, slots: slots, keeping: held, slack: 0)
            #expect(dealt.reduce(0, +) == slots)
            for (share, number) in zip(shares, dealt) {
                #expect(number >= 0)
                #expect(abs(share * Double(slots) - Double(number)) <= 1.75)
            }
        }
    }

    @Test func whatIsNearItsShareStays() {
        #expect(apportioned([0.504, 0.496], slots: 127, keeping: [64, 63], slack: 0) == [64, 63])
        #expect(apportioned([0.52, 0.48], slots: 127, keeping: [64, 63], slack: 0) == [66, 61])
        #expect(apportioned([0.52, 0.48], slots: 127, keeping: [64, 63], slack: 0.1) == [64, 63])
    }

    @Test func aPourLevelsWhatItReaches() {
        let shares = poured(over: [1, 4, 100], weights: [1, 2, 1], gain: [10, 20, 5])
        #expect(shares[2] == 0)
        #expect(abs(shares.reduce(0, +) - 1) < 1e-9)
        #expect(abs((1 + 10 * shares[0]) - (4 + 20 * shares[1]) / 2) < 1e-9)
    }

    private func pow3(_ value: Double) -> Double { value * value * value }
}
