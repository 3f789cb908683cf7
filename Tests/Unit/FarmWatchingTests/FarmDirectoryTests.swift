import FarmConfig
import FarmWatching
import Testing

@Suite struct FarmDirectoryTests {
    private func names(_ reading: FarmDirectory.Reading, in directory: TemporaryDirectory) -> [String] {
        reading.files.map { String($0.path.dropFirst(directory.root.count + "/farms.d/".count)) }
    }

    @Test func farmFilesAreReadInTheOrderOfTheirBytes() throws {
        let directory = try TemporaryDirectory()
        for name in ["b.yaml", "a.yml", "B.json", "10.yaml", "9.yaml", "ä.yaml"] {
            try directory.write("farms.d/\(name)", "farm: \(name)")
        }
        let reading = try directory.farms.read()
        #expect(names(reading, in: directory) == ["10.yaml", "9.yaml", "B.json", "a.yml", "b.yaml", "ä.yaml"])
        #expect(reading.files.map(\.text) == names(reading, in: directory).map { Array("farm: \($0)".utf8) })
        #expect(reading.faults.isEmpty)
    }

    @Test(arguments: [".hidden.yaml", ".#web.yaml", "web.yaml~", "#web.yaml#", "web.yaml.bak", ".web.yaml.swp", "README", "web.YAML"])
    func otherFilesAreLeftOut(name: String) throws {
        let directory = try TemporaryDirectory()
        try directory.write("farms.d/\(name)", "farm: x")
        #expect(try directory.farms.read().files.isEmpty)
    }

    @Test func linksAreFollowed() throws {
        let directory = try TemporaryDirectory()
        try directory.write("elsewhere", "farm: web")
        try directory.link("farms.d/web.yaml", to: "../elsewhere")
        #expect(try directory.farms.read().files.map(\.text) == [Array("farm: web".utf8)])
    }

    @Test func whatCannotBeReadIsNamedAndTheRestIsRead() throws {
        let directory = try TemporaryDirectory()
        try directory.make("farms.d/folder.yaml")
        try directory.makePipe("farms.d/pipe.yaml")
        try directory.link("farms.d/nowhere.yaml", to: "missing")
        try directory.link("farms.d/round.yaml", to: "round.yaml")
        try directory.write("farms.d/web.yaml", "farm: web")
        let reading = try directory.farms.read()
        #expect(names(reading, in: directory) == ["web.yaml"])
        #expect(
            reading.faults.map { String($0.description.dropFirst(directory.root.count)) } == [
                "/farms.d/folder.yaml: error: cannot be read: not a regular file",
                "/farms.d/nowhere.yaml: error: cannot be read: No such file or directory (the symbolic link leads nowhere)",
                "/farms.d/pipe.yaml: error: cannot be read: not a regular file",
                "/farms.d/round.yaml: error: cannot be read: Too many levels of symbolic links",
            ])
    }

    @Test func fileOverTheBoundIsRefusedBeforeItIsRead() throws {
        let directory = try TemporaryDirectory()
        try directory.write("farms.d/a.yaml", holeOf: FarmLimits.fileSize)
        try directory.write("farms.d/b.yaml", holeOf: FarmLimits.fileSize + 1)
        try directory.write("farms.d/c.yaml", holeOf: 1 << 40)
        let reading = try directory.farms.read()
        #expect(reading.files.map(\.text.count) == [FarmLimits.fileSize])
        #expect(reading.faults.map(\.reason) == ["larger than 16 MiB", "larger than 16 MiB"])
    }

    @Test func missingDirectoryIsAnErrorWithARemedy() throws {
        let fault = #expect(throws: ReadFault.self) { try FarmDirectory(path: "/tmp/zk-farms-missing").read() }
        #expect(fault?.reason == "No such file or directory")
        #expect(fault?.description.hasPrefix("/tmp/zk-farms-missing: error: cannot be read: ") == true)
        #expect(fault?.hint?.contains("--farms") == true)
    }

    /// The published vectors of FNV-1a, 128 bits.
    @Test func digestIsTheSameEverywhere() {
        #expect(ContentDigest([]).description == "6c62272e07bb014262b821756295c58d")
        #expect(ContentDigest(Array("a".utf8)).description == "d228cb696f1a8caf78912b704e4a8964")
    }
}
