import Glibc
import NetTypes
import NetfilterDriver
import Ruleset
import Seams
import TestNamespaces
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
            let commit = try Cost.measure { _ = try driver.commit(batch, expecting: nil) }
            var dumped: Ruleset?
            let reading = try Cost.measure { dumped = try driver.dump(recognising: wanted).ruleset }
            print("130 048 elements: commit \(commit); dump \(reading)")
            #expect(dumped == wanted)
            // 44 octets an element on the wire.
            #expect(commit.memory < 2 * 44 * 130_048)
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
            let (up, down) = (Self.slots(farms: 20, backend: 1), Self.slots(farms: 20, backend: 2))
            _ = try driver.commit(Ruleset().batch(to: Self.ruleset(up)), expecting: nil)
            try Shell.run("nft add table ip other")
            let line = "add chain ip other c; delete chain ip other c"
            let group = try #require(pid_t(Shell.run("setsid sh -c \"yes '\(line)' | nft -i\" >/dev/null 2>&1 & echo $!").dropLast()))
            defer { kill(-group, SIGKILL) }
            var (stale, longest) = (0, Duration.zero)
            for flip in 0..<1000 {
                let (old, new) = (flip.isMultiple(of: 2) ? up : down, flip.isMultiple(of: 2) ? down : up)
                let batch = Batch([
                    .deleteElements(.inet, set: "slots4-127", Self.type, old.slice(from: 1270, count: 13)),
                    .addElements(.inet, set: "slots4-127", Self.type, new.slice(from: 1270, count: 13)),
                ])
                longest = max(longest, try ContinuousClock().measure { _ = try driver.commit(batch, expecting: nil) })
                // As a caller does it: decide on a generation, and again when it is stale. An abort takes an RCU grace period.
                guard flip.isMultiple(of: 10) else { continue }
                let generation = try driver.generation()
                usleep(300)
                do throws(DriverError) { _ = try driver.commit(Batch([.flushChain(.inet, name: "absent")]), expecting: generation) } catch {
                    if error.kind == .staleGeneration { stale += 1 } else { #expect(error.errno == ENOENT) }
                }
            }
            #expect(stale > 0)
            print("1000 flips beside another writer: longest \(longest), \(stale) of 100 other attempts were stale")
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
}

/// What a piece of work took of this thread's time and of the process's memory.
struct Cost: CustomStringConvertible {
    var (user, kernel) = (0.0, 0.0)
    /// Octets resident at the peak beyond those before.
    var memory = 0

    static func measure(_ body: () throws -> Void) throws -> Cost {
        try Shell.run("echo 5 > /proc/\(getpid())/clear_refs")
        let (before, resident) = (usage(), try residentPeak())
        try body()
        let after = usage()
        return Cost(user: after.user - before.user, kernel: after.kernel - before.kernel, memory: try residentPeak() - resident)
    }

    var description: String { "user \(user) s, kernel \(kernel) s, memory +\(memory / 1024) kB" }

    private static func usage() -> Cost {
        var usage = rusage()
        getrusage(1, &usage)  // RUSAGE_THREAD
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return Cost(user: seconds(usage.ru_utime), kernel: seconds(usage.ru_stime))
    }

    private static func residentPeak() throws -> Int {
        let line = try Shell.run("grep VmHWM /proc/\(getpid())/status")
        return (Int(line.split(whereSeparator: \.isWhitespace)[1]) ?? 0) * 1024
    }
}
