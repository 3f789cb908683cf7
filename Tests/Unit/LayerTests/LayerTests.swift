import Glibc
import Testing

/// The floors of the building, and why each may not look up. The manifest says which rooms may use which; this says which floors.
private let floors: [(name: String, mayImport: Set<String>, because: String)] = [
    ("System", ["System"], "the C world and its threads know nothing of what is above them"),
    ("Model", ["Model"], "what decides has no clock, file, socket or logger, so that it can be tested and simulated without a kernel"),
    ("Kernel", ["Model", "System"], "the only floor that opens netlink sockets; it knows values and protocols, not who uses it"),
    (
        "Services", ["Model", "System"],
        "services know the kernel by the protocols of Seams, and not each other: the daemon puts them together"
    ),
    ("Apps", ["Model", "Kernel", "Services", "System", "Apps"], "composition"),
]

/// Modules from outside that a floor must not see.
private let forbidden: [String: (modules: Set<String>, because: String)] = [
    "Model": (["Logging", "NIOCore", "NIOPosix", "Hummingbird", "ServiceLifecycle", "CLinux", "CNetfilter", "CRoute"], "deciding is pure"),
    "Kernel": (["NIOCore", "NIOPosix", "Hummingbird"], "netlink events run on their own threads (docs/packet-path.md)"),
]

@Suite struct LayerTests {
    private static let root = #filePath.split(separator: "/").dropLast(4).reduce("") { "\($0)/\($1)" }

    @Test func arrowsPointDown() throws {
        let rooms = try rooms()
        let floorOf = Dictionary(uniqueKeysWithValues: rooms.map { ($0.room, $0.floor) })
        #expect(rooms.count >= 20, "the walk found the building")
        for (floor, room, imports) in rooms {
            let rule = try #require(floors.first { $0.name == floor }, "Sources/\(floor) is no floor of the building")
            for module in imports {
                if let target = floorOf[module] {
                    #expect(rule.mayImport.contains(target), "\(floor)/\(room) imports \(target)/\(module): \(rule.because)")
                }
                let rule = forbidden[floor]
                #expect(rule?.modules.contains(module) != true, "\(floor)/\(room) imports \(module): \(rule?.because ?? "")")
            }
        }
    }

    @Test func fullFoundationStaysOut() throws {
        for (floor, room, imports) in try rooms() {
            #expect(!imports.contains("Foundation"), "\(floor)/\(room): FoundationEssentials does without 30 MB of Unicode tables")
        }
    }

    private func rooms() throws -> [(floor: String, room: String, imports: Set<String>)] {
        try entries("\(Self.root)/Sources").flatMap { floor in
            try entries("\(Self.root)/Sources/\(floor)").map { room in (floor, room, try imports("\(Self.root)/Sources/\(floor)/\(room)")) }
        }
    }

    private func imports(_ path: String) throws -> Set<String> {
        var found: Set<String> = []
        for name in try entries(path) {
            let file = "\(path)/\(name)"
            if name.hasSuffix(".swift") {
                found.formUnion(try modules(file))
            } else if !name.contains(".") {
                found.formUnion(try imports(file))
            }
        }
        return found
    }

    private func modules(_ file: String) throws -> [String] {
        try text(file).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard let position = words.firstIndex(of: "import"), position <= 1, position + 1 < words.count else { return nil }
            return words[position + 1].split(separator: ".").first.map(String.init)
        }
    }

    private func entries(_ path: String) throws -> [String] {
        let directory = try #require(opendir(path), "\(path) can be read")
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private func text(_ path: String) throws -> String {
        let file = try #require(fopen(path, "r"), "\(path) can be read")
        defer { fclose(file) }
        var (octets, part) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
        while case let count = fread(&part, 1, part.count, file), count > 0 { octets += part[..<count] }
        return String(decoding: octets, as: UTF8.self)
    }
}
