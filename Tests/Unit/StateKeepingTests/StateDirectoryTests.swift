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
            for name in names(in: path) { unlink("\(path)/\(name)") }
            rmdir(path)
        }
        try body(path)
    }

    private func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
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
            #expect(try store.read(.overrides) == StateReading(octets: Array("two\n{}".utf8)))
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
            #expect(try store.read(.overrides)?.octets == Array("old".utf8))
        }
    }

    @Test func overridesOutliveADamagedFile() throws {
        try withDirectory { path in
            let store = try StateDirectory(path: path)
            try store.write(.overrides, Array("one".utf8))
            try store.write(.overrides, Array("two".utf8))
            try put(Array("torn".utf8), at: "\(path)/overrides.json")
            let reading = try #require(try store.read(.overrides))
            #expect(reading.octets == Array("two".utf8), "what was stored last, not what was before")
            #expect(reading.damage?.contains("\(path)/overrides.json.broken") == true)
            #expect(try get("\(path)/overrides.json.broken") == Array("torn".utf8))
            #expect(store.losses(of: .overrides).isEmpty)
            try store.write(.overrides, reading.octets)
            #expect(try store.read(.overrides) == StateReading(octets: Array("two".utf8)))
        }
    }

    @Test func overridesOutliveAMissingFileAndADamagedCopy() throws {
        try withDirectory { path in
            let store = try StateDirectory(path: path)
            try store.write(.overrides, Array("one".utf8))
            unlink("\(path)/overrides.json")
            #expect(try store.read(.overrides)?.octets == Array("one".utf8))
            try store.write(.overrides, Array("two".utf8))
            try put([], at: "\(path)/overrides.json.copy")
            let reading = try #require(try store.read(.overrides))
            #expect(reading.octets == Array("two".utf8) && reading.damage?.contains("\(path)/overrides.json.copy.broken") == true)
        }
    }

    /// After a crash between the two writes, or a version that knows of no copy.
    @Test(arguments: ["old", nil]) func aCopyThatIsNotWhatWasStoredLastIsSaid(copied: String?) throws {
        try withDirectory { path in
            let store = try StateDirectory(path: path)
            let (file, copy) = ("\(path)/overrides.json", "\(path)/overrides.json.copy")
            if let copied {
                try store.write(.overrides, Array(copied.utf8))
                let old = try get(copy)
                try store.write(.overrides, Array("new".utf8))
                try put(old, at: copy)
            } else {
                try store.write(.overrides, Array("new".utf8))
                unlink(copy)
            }
            let reading = try #require(try store.read(.overrides))
            #expect(reading.octets == Array("new".utf8))
            #expect(reading.damage?.hasPrefix("\(copy) is ") == true, "\(reading)")
            try store.write(.overrides, reading.octets)
            #expect(try store.read(.overrides) == StateReading(octets: Array("new".utf8)))
            try put(Array("torn".utf8), at: file)
            #expect(try store.read(.overrides)?.octets == Array("new".utf8))
        }
    }

    @Test func whatWasReadFromTheCopyIsWhatIsSetAside() throws {
        try withDirectory { path in
            let store = try StateDirectory(path: path)
            try store.write(.overrides, Array("nonsense".utf8))
            let evidence = try get("\(path)/overrides.json.copy")
            try put(Array("torn".utf8), at: "\(path)/overrides.json")
            #expect(try store.read(.overrides)?.octets == Array("nonsense".utf8))
            store.setAside(.overrides)
            try store.write(.overrides, Array("[]".utf8))
            #expect(store.losses(of: .overrides) == ["\(path)/overrides.json.copy.lost"])
            #expect(try get("\(path)/overrides.json.copy.lost") == evidence)
        }
    }

    @Test func whatIsLostIsKeptEachTimeUnderANameOfItsOwn() throws {
        try withDirectory { path in
            let store = try StateDirectory(path: path)
            for number in 1...10 {
                try store.write(.overrides, Array("whole".utf8))
                for name in ["overrides.json", "overrides.json.copy"] { try put(Array("torn \(number)".utf8), at: "\(path)/\(name)") }
                let fault = #expect(throws: StateFault.self) { try store.read(.overrides) }
                #expect(fault?.message.contains("\(path)/overrides.json.lost") == true)
            }
            #expect(store.losses(of: .overrides).count == 8, "bounded")
            #expect(try get("\(path)/overrides.json.lost") == Array("torn 1".utf8))
            #expect(try get("\(path)/overrides.json.lost.2") == Array("torn 2".utf8))
            #expect(try get("\(path)/overrides.json.lost.8") == Array("torn 10".utf8))
            #expect(try store.read(.overrides) == nil)
            for file in store.losses(of: .overrides) { unlink(file) }
            #expect(store.losses(of: .overrides).isEmpty)
        }
    }

    @Test func anOldCopyDoesNotPassForWhatWasStoredLast() throws {
        try withDirectory { path in
            let store = try StateDirectory(path: path)
            try store.write(.overrides, Array("old".utf8))
            // The copy's temporary file cannot be written.
            try #require(mkdir("\(path)/overrides.json.copy.new", 0o700) == 0)
            #expect(throws: StateFault.self) { try store.write(.overrides, Array("new".utf8)) }
            rmdir("\(path)/overrides.json.copy.new")
            #expect(try store.read(.overrides)?.octets == Array("new".utf8))
            #expect(!names(in: path).contains("overrides.json.copy"))
        }
    }

    /// A named pipe would wait for a writer, and /dev/zero never end.
    @Test func whatIsNoFileHoldsNothingUp() throws {
        try withDirectory { path throws in
            let state = try StateDirectory(path: path)
            try #require(mkfifo("\(path)/\(StateItem.verdicts.rawValue)", 0o600) == 0)
            try #require(symlink("/dev/zero", "\(path)/\(StateItem.traffic.rawValue)") == 0)
            for item in [StateItem.verdicts, .traffic] {
                let fault = #expect(throws: StateFault.self) { try state.read(item) }
                #expect(fault?.message.contains("is not a regular file") == true, "\(fault?.message ?? "")")
            }
            #expect(try state.read(.verdicts) == nil, "it was set aside")
        }
    }
}
