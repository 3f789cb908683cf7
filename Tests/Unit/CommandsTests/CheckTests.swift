import FoundationEssentials
import Glibc
import Testing

@testable import Commands

/// `lbctl check` on files of its own.
@Suite struct CheckTests {
    private static let good = """
        farm: web
        listen: ["203.0.113.10:80/tcp"]
        backends: ["10.0.1.11:8080", "10.0.1.12:8080"]

        """

    private func withFolder(_ files: [String: String], _ test: (String) async throws -> Void) async throws {
        let folder = "/tmp/zvnft-test-" + UUID().uuidString.prefix(8).lowercased()
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (name, text) in files { try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8) }
        try await test(folder)
    }

    @Test func goodFilesAreSummedUp() async throws {
        try await withFolder(["web.yaml": Self.good, "note.txt": "{", ".hidden.yaml": "{"]) { folder in
            let run = await CommandRun.of("check", "--farms", folder)
            #expect(run == CommandRun(code: 0, output: "ok: 1 file, 1 farm, 2 backends\n", errors: ""))
            #expect(await CommandRun.of("check", "\(folder)/web.yaml", "-o", "name").output == "web\n")
        }
    }

    @Test func allFaultsAreShownWithTheirPlaces() async throws {
        let bad = Self.good.replacing("listen", with: "lisen")
        try await withFolder(["a.yaml": bad, "b.yaml": Self.good + "sheduler: maglev\n"]) { folder in
            let run = await CommandRun.of("check", "--farms", folder)
            #expect(run.code == 1 && run.output.isEmpty)
            #expect(run.errors.contains("\(folder)/a.yaml:2:1") && run.errors.contains("\(folder)/b.yaml:4:1"))
            #expect(run.errors.hasSuffix(" in 2 files\n"))
            let json = await CommandRun.of("check", "--farms", folder, "-o", "json")
            #expect(json.code == 1 && json.output.contains("\"ok\": false") && json.output.contains("\"line\": 4"))
        }
    }

    /// Nobody writes into the pipe: whoever opened it to read would wait.
    @Test func whatIsNoRegularFileIsNotWaitedFor() async throws {
        try await withFolder([:]) { folder in
            let pipe = "\(folder)/pipe.yaml"
            try #require(mkfifo(pipe, 0o600) == 0)
            let run = await CommandRun.of("check", pipe)
            #expect(run.code == 1 && run.errors.hasPrefix("error: \(pipe) is a named pipe and no regular file;"), "\(run)")
            #expect(await CommandRun.of("check", "/dev/zero").errors.contains("is a device and no regular file"))
        }
    }

    @Test func whatCannotBeReadIsSaid() async throws {
        try await withFolder([:]) { folder in
            #expect(await CommandRun.of("check", "\(folder)/none.yaml").code == 3)
            #expect(await CommandRun.of("check", "--farms", "\(folder)/none").code == 3)
            let directory = await CommandRun.of("check", folder)
            #expect(directory.code == 1 && directory.errors.contains("`lbctl check --farms \(folder)`"))
            #expect(await CommandRun.of("check", "--farms", folder).output == "ok: 0 files, 0 farms, 0 backends\n")
            try FileManager.default.createSymbolicLink(atPath: "\(folder)/a.yaml", withDestinationPath: "nowhere")
            let dangling = await CommandRun.of("check", "--farms", folder)
            #expect(dangling.code == 1 && dangling.errors.contains("a.yaml: error: cannot be read"))
            #expect(dangling.errors.hasSuffix("1 fault in 1 file\n"))
        }
    }
}
