import Glibc
import NetTypes
import NetfilterDriver
import Ruleset
import Seams
import Testing

/// The sizes that a thousand farms bring.
@Suite(.serialized) struct ScaleTests {
    private static let type = Samples.slotType(.ipv4, [.address(.ipv4), .port])

    /// `farms` listeners of 127 slots each; every slot names backend `backend`.
    static func slots(farms: UInt32, backend: UInt8) -> ElementTable {
        var rows: [UInt8] = []
        rows.reserveCapacity(Int(farms) * 127 * type.layout.rowLength)
        for farm in 0..<farms {
            for slot in 0..<Samples.modulus {
                IPAddress(v4: 0x0A00_0000 + farm).appendOctets(to: &rows)
                rows += [6, 0, 0, 0, 0, 80, 0, 0]
                withUnsafeBytes(of: slot) { rows.append(contentsOf: $0) }
                rows += [10, 1, 0, backend, 0, 80, 0, 0]
            }
        }
        return ElementTable(type.layout, unsortedRows: rows)
    }

    private static func ruleset(_ rows: ElementTable) -> Ruleset {
        Ruleset(tables: [Table(family: .inet, sets: [ElementSet(name: "slots4-127", type: type, fragments: [.shared: rows])])])
    }

    @Test func hundredAndThirtyThousandElementsGoAndComeBack() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let wanted = Self.ruleset(Self.slots(farms: 1024, backend: 1))
            let driver = try NetfilterDriver()
            let batch = Ruleset().batch(to: wanted)
            let (memory, clock) = (Self.peakMemory(), ContinuousClock())
            let took = try clock.measure { _ = try driver.commit(batch, expecting: nil) }
            let grown = Self.peakMemory() - memory
            var dumped: Ruleset?
            let reading = try clock.measure { dumped = try driver.dump(recognising: wanted).ruleset }
            print("130 048 elements: commit \(took), peak memory +\(grown / 1024) kB, dump \(reading)")
            #expect(dumped == wanted)
            #expect(try driver.commit(wanted.batch(to: wanted), expecting: nil) == driver.generation())
        }
    }

    @Test func errorInTheMiddleOfALongListNamesItsElement() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let rows = Self.slots(farms: 1024, backend: 1)
            let driver = try NetfilterDriver()
            _ = try driver.commit(Ruleset().batch(to: Self.ruleset(rows.slice(from: 77_777, count: 1))), expecting: nil)
            do {
                _ = try driver.commit(Batch([.addElements(.inet, set: "slots4-127", Self.type, rows)]), expecting: nil)
                Issue.record("an element was added twice")
            } catch let error as DriverError {
                #expect(error.errno == EEXIST)
                #expect(error.object?.contains("element 77778 of 130048: \(Self.type.text(rows, 77_777))") == true, "\(error)")
            }
            let held = try driver.dump(recognising: Ruleset())
            #expect(held.ruleset[.inet]?.set("slots4-127")?.count == 1)
        }
    }

    @Test func flipsGoOnWhileOthersCommit() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            let (up, down) = (Self.slots(farms: 1000, backend: 1), Self.slots(farms: 1000, backend: 2))
            _ = try driver.commit(Ruleset().batch(to: Self.ruleset(up)), expecting: nil)
            try Shell.run("nft add table ip other; nft add chain ip other c")
            try Shell.run("(while nft add rule ip other c counter && nft flush chain ip other c; do :; done) >/dev/null 2>&1 & echo $! > /tmp/\(namespace.name)")
            defer { try? Shell.run("kill $(cat /tmp/\(namespace.name)); rm /tmp/\(namespace.name)") }
            var (stale, longest) = (0, Duration.zero)
            for flip in 0..<1000 {
                let (old, new) = (flip.isMultiple(of: 2) ? up : down, flip.isMultiple(of: 2) ? down : up)
                let batch = Batch([
                    .deleteElements(.inet, set: "slots4-127", Self.type, old.slice(from: 1270, count: 13)),
                    .addElements(.inet, set: "slots4-127", Self.type, new.slice(from: 1270, count: 13)),
                ])
                longest = max(longest, try ContinuousClock().measure { _ = try driver.commit(batch, expecting: nil) })
                // The caller's own way: decide on a generation, and again when it is stale.
                do throws(DriverError) {
                    _ = try driver.commit(Batch([.flushChain(.inet, name: "absent")]), expecting: driver.generation())
                } catch {
                    if error.kind == .staleGeneration { stale += 1 } else { #expect(error.errno == ENOENT) }
                }
            }
            print("1000 flips beside another writer: longest \(longest), \(stale) other attempts were stale")
            #expect(try driver.dump(recognising: Self.ruleset(up)).ruleset == Self.ruleset(up))
        }
    }

    @Test func flipIsShort() throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            let (up, down) = (Self.slots(farms: 1000, backend: 1), Self.slots(farms: 1000, backend: 2))
            var generation = try driver.commit(Ruleset().batch(to: Self.ruleset(up)), expecting: nil)
            var times: [Duration] = []
            for flip in 0..<500 {
                let (old, new) = (flip.isMultiple(of: 2) ? up : down, flip.isMultiple(of: 2) ? down : up)
                let batch = Batch([
                    .deleteElements(.inet, set: "slots4-127", Self.type, old.slice(from: 1270, count: 13)),
                    .addElements(.inet, set: "slots4-127", Self.type, new.slice(from: 1270, count: 13)),
                ])
                times.append(try ContinuousClock().measure { generation = try driver.commit(batch, expecting: generation) })
            }
            times.sort()
            print("flip of 13 slots: median \(times[250]), p99 \(times[495])")
            #expect(times[250] < .milliseconds(5))
        }
    }

    /// Octets resident at most so far, of this process (RUSAGE_SELF).
    private static func peakMemory() -> Int {
        var usage = rusage()
        getrusage(0, &usage)
        return usage.ru_maxrss * 1024
    }
}
