import FarmModel
import NetTypes

/// A file of addresses and networks that a policy names.
public struct AddressList: Sendable, Hashable {
    /// Canonical: sorted, disjoint, neighbours merged; IPv4 before IPv6.
    public let ranges: [AddressRange]

    public func ranges(of family: AddressFamily) -> ArraySlice<AddressRange> {
        let border = ranges.partitionedIndex { $0.family == .ipv6 }
        return family == .ipv4 ? ranges[..<border] : ranges[border...]
    }

    /// Reads one address or prefix a line, IPv4 and IPv6 mixed; `#` begins a comment, empty lines are skipped.
    ///
    /// With any fault the list is empty. At most `FarmLimits.listFaults` faults are given, in the order of the lines. Pure, and no bytes
    /// make it trap.
    public static func parse(_ text: [UInt8], path: String) -> (list: AddressList, faults: [ConfigFault]) {
        parse(text, path: path, atMost: FarmLimits.networksPerList)
    }

    static func parse(_ text: [UInt8], path: String, atMost limit: Int) -> (list: AddressList, faults: [ConfigFault]) {
        let source = SourceText(FarmFile(path: path, text: text))
        let log = FaultLog(limit: FarmLimits.listFaults - 1)
        log.enter(source, index: 0)
        var networks = Networks()
        if source.isTooLarge {
            log.report(.fileTooLarge, "the file has more than 16 MiB", at: Spot(line: 1, column: 1, length: 1), hint: "split it")
        } else {
            read(source.bytes, into: &networks, atMost: limit, log)
        }
        return log.count == 0 ? (AddressList(ranges: networks.ranges), []) : (AddressList(ranges: []), log.sorted)
    }

    private static func read(_ bytes: ArraySlice<UInt8>, into networks: inout Networks, atMost limit: Int, _ log: FaultLog) {
        bytes.withUnsafeBufferPointer { bytes in
            var lines = ListLines(bytes)
            while !log.isFull, let line = lines.next() {
                if !networks.take(bytes, line.range), let range = slowly(line, bytes, log) { networks.take(range) }
                guard networks.count <= limit else {
                    return log.report(
                        .tooMany, "more than \(limit) networks", at: line.spot(in: bytes), hint: "split the list")
                }
            }
        }
    }

    private static func slowly(_ line: ListLines.Line, _ bytes: UnsafeBufferPointer<UInt8>, _ log: FaultLog) -> AddressRange? {
        let text = String(decoding: bytes[line.range], as: UTF8.self)
        switch NetworkText.parse(text) {
        case .success(let range): return range
        case .failure(let problem):
            let isSeveral = text.contains { $0 == " " || $0 == "\t" || $0 == "," || $0 == ";" }
            log.report(
                .badNetwork, "\(text.quoted) \(problem.message)", at: line.spot(in: bytes),
                hint: isSeveral ? "one address or prefix a line, # begins a comment" : problem.hint, explain: "farm.policies.sourceFile")
            return nil
        }
    }
}

/// Networks by family, as numbers: sorting a hundred thousand addresses as such would take most of the time.
private struct Networks {
    private var ipv4: [BitRange<UInt32>] = []
    private var ipv6: [BitRange<UInt128>] = []

    var count: Int { ipv4.count + ipv6.count }

    /// True if the text is a network.
    mutating func take(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Bool {
        var scanner = NetworkScanner(bytes, range)
        if let network = scanner.ipv4() {
            ipv4.append(network)
            return true
        }
        scanner = NetworkScanner(bytes, range)
        guard let network = scanner.ipv6() else { return false }
        ipv6.append(network)
        return true
    }

    mutating func take(_ range: AddressRange) {
        let (first, last) = (range.first.bits, range.last.bits)
        switch range.family {
        case .ipv4: ipv4.append(BitRange(first: UInt32(truncatingIfNeeded: first), last: UInt32(truncatingIfNeeded: last)))
        case .ipv6: ipv6.append(BitRange(first: first, last: last))
        }
    }

    var ranges: [AddressRange] {
        BitRange.canonical(ipv4).compactMap { AddressRange(IPAddress(v4: $0.first), IPAddress(v4: $0.last)) }
            + BitRange.canonical(ipv6).compactMap { AddressRange(IPAddress(.ipv6, bits: $0.first), IPAddress(.ipv6, bits: $0.last)) }
    }
}
