import FarmConfig
import FarmModel
import Ruleset
import RulesetCompiler
import Synchronization
import Testing

@testable import Reconciling

/// Farms whose policies name a list file: what is loaded, what is remembered, and what a bad list does.
@Suite struct ListedPolicyTests {
    private static let farm = """
        farm: web
        listen: ["203.0.113.10:80/tcp"]
        backends: ["10.0.1.11:80"]
        policies: [{ name: bad, action: drop, sourceFile: /lists/bad.txt }]
        """

    /// A disk with one farm file and one list.
    private final class Disk: Sendable {
        let list = Mutex("192.0.2.1\n")

        func loader(_ store: MemoryStore) -> FarmLoader {
            FarmLoader(store: store, readLists: { self.lists($0) }) {
                .init(files: [FarmFile(path: "web.yaml", text: Array(ListedPolicyTests.farm.utf8))], faults: [])
            }
        }

        private func lists(_ paths: Set<String>) -> [String: ListReading] {
            let text = list.withLock { $0 }
            return Dictionary(uniqueKeysWithValues: paths.map { ($0, ListReading(parsing: Array(text.utf8), path: $0)) })
        }
    }

    private func addresses(_ load: FarmLoader.Load) -> [UInt8]? { load.result.farms.first?.policies.first?.list?.octets(.ipv4) }

    @Test func thePolicyHoldsWhatTheListHolds() async throws {
        let disk = Disk()
        let loader = disk.loader(MemoryStore())
        #expect(addresses(await loader.load()) == [192, 0, 2, 1, 192, 0, 2, 1])
        disk.list.withLock { $0 = "192.0.2.2\n" }
        #expect(addresses(await loader.load()) == [192, 0, 2, 2, 192, 0, 2, 2])
    }

    @Test func aBadListIsAFaultAndLeavesNoFarm() async throws {
        let disk = Disk()
        disk.list.withLock { $0 = "192.0.2.1\nnonsense\n" }
        let load = await disk.loader(MemoryStore()).load()
        #expect(load.result.farms == [])
        #expect(load.faults.count == 1 && load.faults[0].contains("/lists/bad.txt:2:1"), "\(load.faults)")
    }

    @Test func theListIsRememberedWithTheFiles() async throws {
        let (disk, store) = (Disk(), MemoryStore())
        let loader = disk.loader(store)
        try await loader.keep(await loader.load())
        disk.list.withLock { $0 = "nonsense\n" }
        let next = disk.loader(store)
        let (now, before) = (await next.load(), try #require(try await next.loadLastGood(insteadOf: await next.load())))
        #expect(now.result.farms == [])
        #expect(addresses(before) == [192, 0, 2, 1, 192, 0, 2, 1])
    }

    /// A dry run reads other lists before the files are written down.
    @Test func whatIsReadMeanwhileIsNotKept() async throws {
        let (disk, store) = (Disk(), MemoryStore())
        let loader = disk.loader(store)
        let accepted = await loader.load()
        disk.list.withLock { $0 = "192.0.2.3\n" }
        _ = await loader.load()
        try await loader.keep(accepted)
        let next = disk.loader(store)
        let before = try #require(try await next.loadLastGood(insteadOf: await next.load()))
        #expect(addresses(before) == [192, 0, 2, 1, 192, 0, 2, 1])
    }

    @Test func whatIsTheSameIsNotLoadedTwice() async throws {
        let (disk, store) = (Disk(), MemoryStore())
        let loader = disk.loader(store)
        try await loader.keep(await loader.load())
        let next = disk.loader(store)
        let now = await next.load()
        let given = FarmLoader.Load(files: now.files, lists: now.lists, result: FarmConfig.load([]), faults: [])
        #expect(try await next.loadLastGood(insteadOf: given)?.result.farms == [], "what was given comes back as it is")
        disk.list.withLock { $0 = "192.0.2.3\n" }
        let other = disk.loader(store)
        let before = try #require(try await other.loadLastGood(insteadOf: await other.load()))
        #expect(addresses(before) == [192, 0, 2, 1, 192, 0, 2, 1], "the list has changed meanwhile")
    }

    @Test func aFaultyFarmFileHasNoLists() async throws {
        let loader = FarmLoader(store: MemoryStore(), readLists: { _ in preconditionFailure("nobody knows which") }) {
            .init(files: [FarmFile(path: "web.yaml", text: Array("farm: web\nlisten: []".utf8))], faults: [])
        }
        #expect(await loader.load().faults.isEmpty == false)
    }
}
