import Glibc
import Testing

@testable import FarmWatching

@Suite struct MaintenanceDirectoryTests {
    @Test func filesAreReadByNameWithTheirFirstLine() throws {
        let directory = try TemporaryDirectory()
        try directory.write("web", "new switch\nuntil noon\n")
        try directory.write("web@b1", "")
        for other in [".hidden", "web~", "#web#"] { try directory.write(other, "x") }
        mkdir("\(directory.root)/folder", 0o755)
        mkfifo("\(directory.root)/pipe", 0o644)
        let files = try MaintenanceDirectory(path: directory.root).read()
        #expect(files.map(\.name) == ["pipe", "web", "web@b1"] && files.map(\.note) == ["", "new switch", ""])
    }

    @Test func withoutADirectoryNothingIsTakenOut() throws {
        #expect(try MaintenanceDirectory(path: "/nonexistent/maintenance.d").read().isEmpty)
    }

    @Test func aLongLineIsCut() throws {
        let directory = try TemporaryDirectory()
        try directory.write("web", String(repeating: "x", count: 5_000))
        #expect(try MaintenanceDirectory(path: directory.root).read().map(\.note.count) == [MaintenanceDirectory.noteLength])
    }
}
