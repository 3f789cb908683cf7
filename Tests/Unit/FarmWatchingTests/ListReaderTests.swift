import FarmConfig
import FarmModel
import FarmWatching
import NetTypes
import Testing

@Suite struct ListReaderTests {
    private let directory: TemporaryDirectory
    private let reader = ListReader()

    init() throws { directory = try TemporaryDirectory() }

    private func read(_ name: String) throws -> ListReading {
        try #require(reader.read([directory.path(name)])[directory.path(name)])
    }

    @Test func aListIsReadAndReadAgainWhenItHasChanged() throws {
        try directory.write("bad.txt", "192.0.2.0/24\n2001:db8::/32 # documentation\n")
        let list = try #require(try read("bad.txt").list)
        #expect(list.octets(.ipv4) == [192, 0, 2, 0, 192, 0, 2, 255])
        #expect(list.octets(.ipv6).count == 32)
        #expect(try read("bad.txt").list == list)
        try directory.write("bad.txt", "192.0.2.7\n")
        #expect(try read("bad.txt").list?.octets(.ipv4) == [192, 0, 2, 7, 192, 0, 2, 7])
    }

    @Test func faultsStandWithTheirPlaces() throws {
        try directory.write("bad.txt", "192.0.2.0/24\n  192.0.2.999\n")
        let faults = try #require(try read("bad.txt").faults)
        #expect(faults.map { "\($0.place)" } == [directory.path("bad.txt") + ":2:3"])
    }

    @Test func whatCannotBeReadIsSaid() throws {
        let reason = try #require(try read("missing.txt").reason)
        #expect(reason == "\(directory.path("missing.txt")): error: cannot be read: there is no such file")
        try directory.make("folder")
        #expect(try read("folder").reason != nil)
        try directory.makePipe("pipe")
        #expect(try read("pipe").reason != nil)
        try directory.write("missing.txt", "192.0.2.1")
        #expect(try read("missing.txt").list?.count == 1)
    }
}

extension ListReading {
    fileprivate var faults: [ConfigFault]? {
        if case .faulty(let faults) = self { faults } else { nil }
    }
    fileprivate var reason: String? {
        if case .unreadable(let reason) = self { reason } else { nil }
    }
}

/// Policies get the lists that they name; a list that is bad takes all farms along, as any fault does.
@Suite struct ListedFarmTests {
    private let result = FarmConfig.load([
        FarmFile(
            path: "/etc/zvnft/farms.d/web.yaml",
            text: Array(
                """
                farm: web
                listen: ["203.0.113.10:80/tcp"]
                backends: ["10.0.1.11:80"]
                policies:
                  - { name: inner, action: drop, sources: [192.0.2.9] }
                  - { name: bad, action: drop, sourceFile: lists/bad.txt }
                  - { name: worse, action: drop, sourceFile: /lists/worse.txt }
                """.utf8))
    ])
    private let paths = ["/etc/zvnft/farms.d/lists/bad.txt", "/lists/worse.txt"]

    @Test func eachPolicyGetsItsOwn() {
        #expect(result.listFiles == Set(paths))
        let lists = [ListReading(parsing: Array("192.0.2.1".utf8), path: "a"), ListReading(parsing: Array("192.0.2.2".utf8), path: "b")]
        let (whole, unreadable) = result.completed(with: Dictionary(uniqueKeysWithValues: zip(paths, lists)))
        #expect(unreadable == [] && whole.faults == [])
        #expect(whole.farms.first?.policies.map { $0.list?.octets(.ipv4).last } == [nil, 1, 2])
    }

    @Test func oneBadListLeavesNoFarm() {
        let lists: [ListReading] = [
            ListReading(parsing: Array("192.0.2.1\nnonsense".utf8), path: paths[0]), .unreadable("worse.txt: gone"),
        ]
        let (whole, unreadable) = result.completed(with: Dictionary(uniqueKeysWithValues: zip(paths, lists)))
        #expect(whole.farms == [])
        #expect(whole.faults.map { "\($0.place)" } == ["\(paths[0]):2:1"])
        #expect(unreadable == ["worse.txt: gone (the list of policy worse of farm web)"])
    }
}
