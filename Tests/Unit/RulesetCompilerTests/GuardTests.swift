import FarmModel
import NetTypes
import Ruleset
import Testing

@testable import RulesetCompiler

/// What limits, policies, marks and helpers add to the ruleset, and what they do not.
@Suite struct GuardTests {
    private func farm(_ number: Int, ports: [UInt16] = [80], mode: ForwardingMode = .dnat, _ change: (inout Farm) -> Void = { _ in }) throws
        -> Farm
    {
        let ranges = try ports.map { try #require(PortRange($0)) }
        let backend = Backend(name: "b", address: IPAddress(v4: UInt32(0x0A00_0100 + number)), port: try #require(PortRange(8080)))
        var farm = Farm(
            name: "f\(number)", listeners: [Listener(address: IPAddress(v4: UInt32(0xCB00_7100 + number)), transport: .tcp, ports: ranges)],
            mode: mode, backends: [backend])
        change(&farm)
        return farm
    }

    private func compiler(_ farms: [Farm]) -> RulesetCompiler {
        let compiled = farms.map { ($0.name, CompiledFarm(FarmPlan($0), [BackendCondition(isUsable: true, weight: 1)])) }
        return RulesetCompiler(farms: Dictionary(uniqueKeysWithValues: compiled))
    }

    private func shape(_ ruleset: Ruleset) -> [Int] {
        ruleset.tables.flatMap { [$0.chains.count, $0.sets.count, $0.chains.reduce(0) { $0 + $1.rules.count }] }
    }

    private static func everyLimit(_ farm: inout Farm) {
        farm.limits = Limits(
            newConnectionsPerSource: Rate(50, per: .second), connectionsPerSource: 200, resetsPerSource: Rate(20, per: .second),
            tcpStrict: true, banTime: .seconds(60))
        farm.policies = [Policy(name: "bad", action: .drop, sources: [AddressRange(IPAddress(v4: 0xC000_0201))])]
        farm.backends[0].connectionLimit = 5000
        farm.mark = 0x100
        farm.helper = .ftp
    }

    @Test func equalWishesOfManyFarmsCostNoMoreThanThoseOfOne() throws {
        let shapes = try [1, 50].map { count in shape(compiler(try (0..<count).map { try farm($0, Self.everyLimit) }).ruleset) }
        #expect(shapes[0] == shapes[1])
    }

    @Test func whoAsksForNothingMeetsNothing() throws {
        let plain = try farm(1)
        let alone = try #require(compiler([plain]).ruleset[.inet])
        let beside = try #require(compiler([plain, try farm(2, Self.everyLimit)]).ruleset[.inet])
        func entry(_ table: Table) -> String? {
            table.set("listeners4").flatMap { set in set.fragments["f1"].flatMap { ElementTable.chain($0.value(0)) } }
        }
        #expect(entry(alone) == entry(beside))
        #expect(entry(alone)?.hasPrefix("plain-select4-") == true)
    }

    @Test func farmsOfSeveralPortsHaveChainsOfTheirOwn() throws {
        func guards(_ count: Int) throws -> Int {
            let farms = try (0..<count).map { number in
                try farm(number, ports: [80, 443]) { $0.limits.newConnectionsPerSource = Rate(50, per: .second) }
            }
            return compiler(farms).ruleset[.inet]?.chains.count { $0.name.hasPrefix("guard4") } ?? 0
        }
        #expect(try guards(1) == 1)
        #expect(try guards(7) == 7)
    }

    @Test func anotherLimitIsAnotherSet() throws {
        func sets(_ count: Int) throws -> Set<String> {
            let farm = try farm(1) { $0.limits.connectionsPerSource = count }
            return Set(compiler([farm]).ruleset[.inet]?.sets.map(\.name).filter { $0.hasPrefix("connections-per-source") } ?? [])
        }
        #expect(try sets(5) == ["connections-per-source4-5"])
        #expect(try sets(6) == ["connections-per-source4-6"])
    }

    @Test func updatingAFarmGivesWhatCompilingAllWouldGive() throws {
        let farms = try (0..<4).map { try farm($0, mode: $0 % 2 == 0 ? .dnat : .stateless) }
        var compiler = compiler(farms)
        for change in [Self.everyLimit, { $0.policies = [] }, { $0.limits.newConnections = Rate(5, per: .day) }, { _ in }]
            as [(inout Farm) -> Void]
        {
            for number in [2, 3] {
                var changed = try farm(number, mode: number == 2 ? .dnat : .stateless, change)
                if number == 3 {
                    (changed.helper, changed.backends[0].connectionLimit, changed.limits.connectionsPerSource) = (nil, nil, nil)
                }
                compiler.update([changed.name: CompiledFarm(FarmPlan(changed), [BackendCondition(isUsable: true, weight: 1)])])
            }
            #expect(compiler.ruleset == RulesetCompiler(farms: compiler.farms).ruleset)
        }
    }

    @Test func everyChangeOfWishesIsTakenByTheStrictKernel() throws {
        var kernel = ModelKernel()
        var committed = Ruleset()
        let changes: [(inout Farm) -> Void] = [
            { _ in }, Self.everyLimit, { $0.limits.newConnections = Rate(5, per: .day) },
            { farm in
                Self.everyLimit(&farm)
                farm.helper = .tftp
                farm.policies[0].log = Rate(1, per: .second)
            }, { $0.log = ConnectionLog(rate: Rate(1, per: .second)) }, { _ in },
        ]
        for change in changes {
            let next = compiler(try (0..<3).map { try farm($0, change) }).ruleset
            _ = try kernel.apply(committed.batch(to: next), from: 1)
            committed = next
            #expect(kernel.ruleset.batch(to: next).isEmpty)
        }
    }

    @Test func bucketsFitTheKernelsArithmetic() {
        for unit in Rate.Unit.allCases {
            let limit = RateLimit(Rate(1, per: unit, burst: Rate.largest))
            let token = UInt64(unit.seconds) * 1_000_000_000
            #expect(!token.multipliedReportingOverflow(by: UInt64(limit.burst)).overflow, "\(unit)")
        }
        #expect(RateLimit(Rate(20, per: .second, burst: 7)) == RateLimit(count: 20, per: .second, burst: 7))
    }

    @Test func rangesOfSharedBackendsAreOneInTheGuard() throws {
        let address = IPAddress(v4: 0x0A00_0101)
        func backend(_ first: UInt16, _ last: UInt16) throws -> TrackedBackend {
            TrackedBackend(address: address, ports: try #require(PortRange(first, last)))
        }
        let sets = TrackedBackend.sets(
            [try backend(100, 200), try backend(150, 300), try backend(80, 80), try backend(400, 500)], named: Conduct.backendSet)
        #expect(Set(sets.map { "\($0.name) \($0.count)" }) == ["tracked-backends4 1", "tracked-backends-ranges4 2"])
    }
}
