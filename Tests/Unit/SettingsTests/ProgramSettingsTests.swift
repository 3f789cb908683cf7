import Glibc
import Testing

@testable import Daemon

/// Programs run only where the settings say so, and that is known before the arguments are parsed.
@Suite struct ProgramSettingsTests {
    @Test func programsAreOffByDefault() throws {
        #expect(!Settings().execProbes)
        #expect(try Settings(yaml: "execProbes: true", file: "f").execProbes)
        #expect(throws: SettingsFault.self) { try Settings(yaml: "execProbes: yes please", file: "f") }
    }

    @Test func fileIsFoundAmongTheArguments() {
        #expect(Settings.file(in: ["zvnftd", "run", "--config", "/a"]) == "/a")
        #expect(Settings.file(in: ["zvnftd", "--config=/b", "--farms", "x"]) == "/b")
        #expect(Settings.file(in: ["zvnftd", "run"]) == nil && Settings.file(in: ["zvnftd", "--config"]) == nil)
    }

    /// CAP_NET_BIND_SERVICE, CAP_NET_ADMIN, CAP_NET_RAW; and CAP_KILL, CAP_SETGID, CAP_SETUID for programs of other users.
    @Test(arguments: [
        ("logLevel: info", 0x3400), ("execProbes: true", 0x34E0), ("hooks: { exec: { command: [/bin/true], user: root } }", 0x34E0),
        ("hooks: { exec: { command: [/bin/true] } }", 0x3400), ("hooks: { post: { url: \"http://127.0.0.1/\" } }", 0x3400),
    ]) func rightsAreThoseThatTheSettingsWant(text: String, rights: UInt64) throws {
        #expect(Privileges.kept(for: try Settings(yaml: text, file: "f")) == rights)
    }

    @Test func faultyFileAllowsNothing() throws {
        #expect(Settings.early(in: ["zvnftd", "--config", "/nonexistent"]) == Settings())
        var path = Array("/tmp/zvnft-settings-XXXXXX\0".utf8CString)
        let descriptor = mkstemp(&path)
        let name = path.withUnsafeBufferPointer { String(decoding: $0.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) }
        defer {
            close(descriptor)
            unlink(name)
        }
        let text = Array("execProbes: true\n".utf8)
        #expect(write(descriptor, text, text.count) == text.count)
        #expect(Settings.early(in: ["zvnftd", "--config", name]).execProbes)
    }
}
