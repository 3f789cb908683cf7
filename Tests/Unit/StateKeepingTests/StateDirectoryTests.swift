import Glibc
import Seams
import StateKeeping
import Testing

@Suite struct StateDirectoryTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/zvnft-state-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        defer {
            for name in StateItem.allCases.flatMap({ [$0.rawValue, "\($0.rawValue).new", "\($0.rawValue).broken"] }) { unlink("\(path)/\(name)") }
            rmdir(path)
        }
        try body(path)
    }

    private func put(_ octets: [UInt8], at path: String) throws {
        let file = try #require(fopen(path, "w"))
        fwrite(octets, 1, octets.count, file)
        fclose(file)
    }

    private func get(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var octets = [UInt8](repeating: 0, count: 65_536)
        return Array(octets[..<fread(&octets, 1, octets.count, file)])
    }

    @Test func whatWasWrittenIsRead() throws {
        try withDirectory { path in
            let store = try StateDirectory(path: path)
            #expect(try store.read(.overrides) == nil)
            try store.write(.overrides, Array("one".utf8))
            try store.write(.overrides, Array("two\n{}".utf8))
            #expect(try store.read(.overrides) == Array("two\n{}".utf8))
            #expect(try store.read(.verdicts) == nil)
        }
    }

    @Test func everyTornFileIsNoticed() throws {
        try withDirectory { path in
            let store = try StateDirectory(path: path)
            try store.write(.verdicts, Array("[1,2,3]".utf8))
            let whole = try get("\(path)/verdicts")
            for length in 0..<whole.count {
                try put(Array(whole[..<length]), at: "\(path)/verdicts")
                #expect(throws: StateFault.self, "cut at \(length)") { try store.read(.verdicts) }
            }
            var flipped = whole
            flipped[whole.count - 2] ^= 1
            try put(flipped, at: "\(path)/verdicts")
            #expect(throws: StateFault.self) { try store.read(.verdicts) }
        }
    }

    @Test func aWriteThatFailsLeavesTheOldFileWhole() throws {
        try withDirectory { path in
            let store = try StateDirectory(path: path)
            try store.write(.overrides, Array("old".utf8))
            // A directory in the place of the temporary file: not even root can write it.
            try #require(mkdir("\(path)/overrides.json.new", 0o700) == 0)
            #expect(throws: StateFault.self) { try store.write(.overrides, Array("new".utf8)) }
            rmdir("\(path)/overrides.json.new")
            #expect(try store.read(.overrides) == Array("old".utf8))
        }
    }
}
