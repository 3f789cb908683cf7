import FarmModel
import NetTypes
import Testing

@testable import FarmConfig

@Suite struct AddressListTests {
    private func parse(_ text: String) -> (list: AddressList, faults: [ConfigFault]) {
        AddressList.parse(Array(text.utf8), path: "bad.txt")
    }

    @Test func oneNetworkALine() {
        let (list, faults) = parse(
            "# bad ones\n\n10.1.0.0/16 # within the next\r\n\t10.0.0.0/8\r192.0.2.7\n2001:db8::/32\n  \n2001:DBA::\n#10.9.9.9\n192.0.2.8")
        #expect(faults == [])
        let wanted = ["10.0.0.0-10.255.255.255", "192.0.2.7-192.0.2.8", "2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:dba::"]
        #expect(list.ranges.map(\.description) == wanted)
        #expect(list.ranges(of: .ipv4).count == 2 && list.ranges(of: .ipv6).count == 2)
    }

    @Test(arguments: ["", "\n", "# nothing", "\u{FEFF}# nothing\n", "   \t\r\n\r"]) func aListMayBeEmpty(text: String) {
        #expect(parse(text).list.ranges.isEmpty && parse(text).faults.isEmpty)
    }

    @Test func faultsHaveTheirPlaces() {
        let (list, faults) = parse(
            "10.0.0.0/8\n  10.0.0.1/8 # x\r\nweb.example\n\n192.0.2.1 192.0.2.2\n::ffff:10.0.0.1\n1::2::3\n10.0.0.0/33")
        #expect(list.ranges.isEmpty)
        #expect(
            faults.map { "\($0.place) \($0.place.length) \($0.code.rawValue)" } == [
                "bad.txt:2:3 10 E042", "bad.txt:3:1 11 E042", "bad.txt:5:1 19 E042", "bad.txt:6:1 15 E042", "bad.txt:7:1 7 E042",
                "bad.txt:8:1 11 E042",
            ])
        #expect(faults[0].hint == "write 10.0.0.0/8, or 10.0.0.1 for one address")
        #expect(faults[2].hint == "one address or prefix a line, # begins a comment")
    }

    @Test func atMostTwentyFaults() {
        let faults = parse(String(repeating: "x\n", count: 500)).faults
        #expect(faults.count == 20 && faults.last?.code == .moreFaults && faults.last?.place.line == 20)
        #expect(parse(String(repeating: "x\n", count: 19)).faults.map(\.code) == Array(repeating: .badNetwork, count: 19))
    }

    /// The quick scanner and the one that knows remedies read the same.
    @Test(arguments: [UInt64(1), 2, 3]) func quickAndExactAgree(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let alphabet = Array("0123456789abcdefF::::.../-".utf8)
        let seeds = [
            "2001:db8::/32", "1:2:3:4:5:6:7:8", "::1", "fd00::", "1:2:3:4:5:6:7::", "::ffff:1.2.3.4", "10.0.0.0/8", "192.0.2.255",
            "0.0.0.0/0", "::/0",
        ]
        var accepted = 0
        for _ in 0..<2000 {
            var text = Array(seeds[Int(random.next() % UInt64(seeds.count))].utf8)
            for _ in 0..<(random.next() % 3) {
                let position = Int(random.next() % UInt64(text.count))
                let byte = alphabet[Int(random.next() % UInt64(alphabet.count))]
                switch random.next() % 3 {
                case 0: text[position] = byte
                case 1: text.insert(byte, at: position)
                default: if text.count > 1 { text.remove(at: position) }
                }
            }
            let exact = try? NetworkText.parse(String(decoding: text, as: UTF8.self)).get()
            let quick = quickly(text)
            if let quick { #expect(quick == exact, "\(String(decoding: text, as: UTF8.self))") }
            accepted += quick == nil ? 0 : 1
            #expect(
                AddressList.parse(text, path: "f").list.ranges == (exact.map { [$0] } ?? []), "\(String(decoding: text, as: UTF8.self))")
        }
        #expect(accepted > 200)
    }

    private func quickly(_ text: [UInt8]) -> AddressRange? {
        text.withUnsafeBufferPointer { bytes in
            var scanner = NetworkScanner(bytes, 0..<bytes.count)
            if let found = scanner.ipv4() { return AddressRange(IPAddress(v4: found.first), IPAddress(v4: found.last)) }
            scanner = NetworkScanner(bytes, 0..<bytes.count)
            guard let found = scanner.ipv6() else { return nil }
            return AddressRange(IPAddress(.ipv6, bits: found.first), IPAddress(.ipv6, bits: found.last))
        }
    }

    /// Numbers by family and ranges of addresses are merged by two pieces of code.
    @Test(arguments: [UInt64(4), 5]) func theListIsCanonical(seed: UInt64) {
        var random = SplitMix(state: seed)
        var text = ""
        var ranges: [AddressRange] = []
        for _ in 0..<2000 {
            let length = 20 + random.next() % 13
            let bits = UInt32(truncatingIfNeeded: random.next()) & 0x000F_FFFF & ~UInt32(UInt64(0xFFFF_FFFF) >> length)
            text += "\(IPAddress(v4: bits))/\(length)\n::\(String(bits >> 16, radix: 16)):0/\(112)\n"
            let (first, last) = (IPAddress(v4: bits), IPAddress(v4: bits | UInt32(UInt64(0xFFFF_FFFF) >> length)))
            let high = UInt128(bits >> 16) << 16
            let wide = AddressRange(IPAddress(.ipv6, bits: high), IPAddress(.ipv6, bits: high | 0xFFFF))
            ranges += [AddressRange(first, last), wide].compactMap { $0 }
        }
        let list = parse(text).list
        #expect(list.ranges == AddressRange.canonical(ranges) && list.ranges.count > 1)
        for (before, after) in zip(list.ranges, list.ranges.dropFirst()) {
            #expect(before.family < after.family || after.first.bits - before.last.bits > 1)
        }
        let all = Set(ranges.filter { $0.family == .ipv4 }.flatMap { $0.first.bits...$0.last.bits })
        #expect(list.ranges(of: .ipv4).reduce(0) { $0 + Int($1.last.bits - $1.first.bits) + 1 } == all.count)
    }

    @Test func anyBytesAreSound() {
        var random = SplitMix(state: 9)
        for _ in 0..<300 {
            let bytes = (0..<200).map { _ in
                random.next() % 4 == 0 ? UInt8(truncatingIfNeeded: random.next()) : Array("10.2/:a#\n\r \t".utf8)[Int(random.next() % 12)]
            }
            let (list, faults) = AddressList.parse(bytes, path: "f")
            #expect(faults.isEmpty || list.ranges.isEmpty)
            for fault in faults { #expect(fault.place.line >= 1 && fault.place.column >= 1 && fault.rendered(color: false).contains("^")) }
        }
        #expect(AddressList.parse([UInt8](repeating: 0x23, count: (16 << 20) + 1), path: "f").faults.map(\.code) == [.fileTooLarge])
    }

    @Test func tooManyNetworksAreRefused() {
        let text = Array(String(repeating: "1.1.1.1\n", count: 11).utf8)
        #expect(AddressList.parse(text, path: "f", atMost: 11).faults == [])
        #expect(AddressList.parse(text, path: "f", atMost: 10).faults.map { "\($0.code) \($0.place.line)" } == ["tooMany 11"])
    }
}
