import Glibc
import NetTypes
import Ruleset
import Seams
import TestNamespaces
import Testing

@testable import NetfilterDriver

/// Sets that packets fill: read, counted, cleaned, and what happens when they are full.
@Suite struct DynamicSetTests {
    private static let type = SetType(
        key: [.address(.ipv4)], value: .fields([.transport]), dynamic: .init(size: 100, timeout: 600))

    /// Remembers where packets of this host go to, for 30 s those of ping.
    private static func ruleset(_ type: SetType = type) -> Ruleset {
        let key = Key(.address(.destination, .ipv4))
        let chain = Chain(
            "out", base: BaseChain(.filter, .output, priority: 0),
            rules: [
                Rule(.transport(.udp), .remember(key, map: "seen", value: .transport, seconds: nil), .counter, .verdict(.accept)),
                Rule(.remember(key, map: "seen", value: .transport, seconds: 30), .counter),
            ])
        return Ruleset(tables: [Table(family: .inet, sets: [ElementSet(name: "seen", type: type)], chains: [chain])])
    }

    private static func visit(_ addresses: String...) throws {
        for address in addresses { try Shell.run("ping -c 1 \(address)") }
    }

    private static func row(_ last: UInt8, _ transport: UInt8 = 1) -> [UInt8] { [127, 0, 0, last, transport] }

    @Test func elementsOfPacketsAreReadWithTheirTime() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            _ = try driver.commit(Ruleset().batch(to: Self.ruleset()), expecting: nil)
            #expect(try driver.count(of: "seen", in: .inet) == 0)
            // A reply is a packet of this host too.
            try Self.visit("127.0.0.7", "127.0.0.2")
            let held = try driver.elements(of: "seen", in: .inet, type: Self.type)
            #expect(held.rows == ElementTable(Self.type.layout, unsortedRows: Self.row(1) + Self.row(2) + Self.row(7)))
            for remaining in held.remaining { #expect(try (.seconds(25)...(.seconds(30))).contains(#require(remaining))) }
            #expect(try driver.count(of: "seen", in: .inet) == 3)
        }
    }

    @Test func dumpLeavesElementsOutAndTheDiffLeavesThemAlone() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            _ = try driver.commit(Ruleset().batch(to: Self.ruleset()), expecting: nil)
            try Self.visit("127.0.0.2")
            let dumped = try driver.dump(recognising: Self.ruleset())
            #expect(dumped.foreign == [] && dumped.ruleset == Self.ruleset())
            #expect(dumped.ruleset.batch(to: Self.ruleset()).isEmpty)
            #expect(try driver.count(of: "seen", in: .inet) == 2)
        }
    }

    @Test func otherSizeOrTimeoutIsAnotherType() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            let (small, lasting) = (SetType.Dynamic(size: 7, timeout: 600), SetType.Dynamic(size: 100))
            for dynamic in [small, lasting] {
                let wanted = Self.ruleset(SetType(key: Self.type.key, value: Self.type.value, dynamic: dynamic))
                _ = try driver.commit(driver.dump(recognising: wanted).ruleset.batch(to: wanted), expecting: nil)
                #expect(try driver.dump(recognising: wanted).ruleset == wanted)
                #expect(!wanted.batch(to: Self.ruleset()).isEmpty)
            }
        }
    }

    /// On a kernel that passes over them, and on one that does not know the message for it.
    @Test(arguments: [DynamicDeletion.destroy, 99])
    func elementsAreDeletedOneByOneAndAllAtOnce(_ message: UInt32) throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver(dynamicDeletion: DynamicDeletion(message))
            _ = try driver.commit(Ruleset().batch(to: Self.ruleset()), expecting: nil)
            try Self.visit("127.0.0.2", "127.0.0.3")
            let one = ElementTable(Self.type.layout, unsortedRows: Self.row(3))
            let generation = try driver.commit(Batch([.deleteElements(.inet, set: "seen", Self.type, one)]), expecting: nil)
            #expect(try driver.generation() == generation)
            #expect(try driver.elements(of: "seen", in: .inet, type: Self.type).rows.bytes == Self.row(1) + Self.row(2))
            _ = try driver.commit(Batch([.flushSet(.inet, name: "seen")]), expecting: nil)
            #expect(try driver.count(of: "seen", in: .inet) == 0)
            #expect(try driver.commit(Batch([.flushSet(.inet, name: "seen")]), expecting: nil) == driver.generation())
        }
    }

    @Test func elementThatHasLeftMayBeDeleted() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            _ = try driver.commit(Ruleset().batch(to: Self.ruleset()), expecting: nil)
            try Self.visit("127.0.0.2")
            let both = ElementTable(Self.type.layout, unsortedRows: Self.row(2) + Self.row(99))
            let generation = try driver.commit(Batch([.deleteElements(.inet, set: "seen", Self.type, both)]), expecting: nil)
            #expect(try driver.generation() == generation)
            let absent = ElementTable(Self.type.layout, unsortedRows: Self.row(99))
            #expect(try driver.commit(Batch([.deleteElements(.inet, set: "seen", Self.type, absent)]), expecting: nil) == generation)
            #expect(try driver.elements(of: "seen", in: .inet, type: Self.type).rows.bytes == Self.row(1))
        }
    }

    @Test func fullSetTakesNoMoreAndEndsTheRule() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            let wanted = Self.ruleset(SetType(key: Self.type.key, value: Self.type.value, dynamic: .init(size: 2, timeout: 600)))
            _ = try driver.commit(Ruleset().batch(to: wanted), expecting: nil)
            try Self.visit("127.0.0.2", "127.0.0.3", "127.0.0.4")
            #expect(try driver.count(of: "seen", in: .inet) == 2)
            // Four packets each for 127.0.0.1 and 127.0.0.2: none for the others, though they arrived.
            #expect(try driver.counters()[.inet]?["out"]?[1]?.packets == 4)
        }
    }

    /// Flows that nft has no keys for stand as hashes: the kernel's are those that `jhash` gives.
    @Test func hashesOfFlowsAreTheModels() throws {
        let key = Samples.hashedFlow(3)
        let type = SetType(key: key.parts.map(\.field), dynamic: .init(size: 10, timeout: 60))
        let chain = Chain(
            "out", base: BaseChain(.filter, .output, priority: 0), rules: [Rule(.transport(.udp), .note(key, set: "flows"))])
        let (client, server) = (try #require(Endpoint("[::1]:4000")), try #require(Endpoint("[::1]:5000")))
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            let wanted = Ruleset(tables: [Table(family: .inet, sets: [ElementSet(name: "flows", type: type)], chains: [chain])])
            _ = try driver.commit(Ruleset().batch(to: wanted), expecting: nil)
            let socket = try Datagrams(.ipv6, isChecked: true)
            try socket.bind(to: client)
            try socket.send("hello", to: server)
            let words = [(client, 1), (client, 2), (server, 3)].map { end, seed in
                scaled(jhash(Samples.registers(end.address.octets, Samples.port(end.port)), seed: UInt32(seed)), to: .max)
            }
            #expect(try driver.elements(of: "flows", in: .inet, type: type).rows.bytes == words.flatMap { Samples.slot($0) })
        }
    }

    @Test func setThatIsNotThereIsRefused() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            try driver.claim()
            let type = Self.type
            let counting = #expect(throws: DriverError.self) { try driver.count(of: "seen", in: .inet) }
            let reading = #expect(throws: DriverError.self) { try driver.elements(of: "seen", in: .inet, type: type) }
            for error in [counting, reading] { #expect(error?.kind == .refused && error?.errno == ENOENT) }
        }
    }

    @Test func hundredThousandElementsAreCountedAtOnceAndReadFast() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let type = SetType(key: [.address(.ipv4), .port], value: .fields([.mac]), dynamic: .init(size: 262_144, timeout: 3600))
            var rows: [UInt8] = []
            for number in 0..<UInt32(100_000) {
                IPAddress(v4: 0x0A00_0000 + number).appendOctets(to: &rows)
                rows += [0, 80, 0, 0] + Samples.mac(UInt8(truncatingIfNeeded: number))
            }
            let table = ElementTable(type.layout, unsortedRows: rows)
            let driver = try NetfilterDriver()
            let wanted = Ruleset(tables: [Table(family: .netdev, sets: [ElementSet(name: "many", type: type)])])
            _ = try driver.commit(Ruleset().batch(to: wanted), expecting: nil)
            _ = try driver.commit(Batch([.addElements(.netdev, set: "many", type, table)]), expecting: nil)
            let clock = ContinuousClock()
            var (count, dumped, held): (Int?, Ruleset?, DynamicElements?)
            let counting = try clock.measure { count = try driver.count(of: "many", in: .netdev) }
            let dumping = try clock.measure { dumped = try driver.dump(recognising: wanted).ruleset }
            // While the kernel's table still grows, a reading lacks some; from then on nothing.
            var reading = Duration.zero
            let deadline = clock.now + .seconds(10)
            repeat {
                reading = try clock.measure { held = try driver.elements(of: "many", in: .netdev, type: type) }
            } while held?.rows.count != 100_000 && clock.now < deadline
            print("100 000 dynamic elements: count \(counting), dump without them \(dumping), reading \(reading)")
            #expect(count == 100_000 && dumped == wanted)
            let all = try #require(held)
            #expect(all.rows.count == 100_000)
            #expect(all.remaining.allSatisfy { $0.map { $0 > .seconds(3500) && $0 <= .seconds(3600) } ?? false })
            #expect(counting < .milliseconds(20) && dumping < .milliseconds(100))
        }
    }
}
