import FarmModel
import NetTypes
import Ruleset

/// Writes keys as the kernel holds them: each field in whole registers, for intervals the lower bounds and then the upper ones.
struct KeyWriter {
    let family: AddressFamily
    let isRange: Bool
    /// The address is all of the key.
    let isWhole: Bool
    private let lower: [UInt8]
    private let upper: [UInt8]

    init(_ listener: Listener, _ ports: PortRange, isRange: Bool) {
        self.init(listener.address, listener.transport, ports, isRange: isRange)
    }

    /// For a listener that takes its whole address.
    init(whole address: IPAddress) {
        (family, isRange, isWhole) = (address.family, false, true)
        (lower, upper) = (address.octets, [])
    }

    init(_ address: IPAddress, _ transport: TransportProtocol, _ ports: PortRange, isRange: Bool) {
        family = address.family
        (self.isRange, isWhole) = (isRange, false)
        var prefix: [UInt8] = []
        address.appendOctets(to: &prefix)
        prefix += [transport.rawValue, 0, 0, 0]
        (lower, upper) = (prefix.appending(padded: ports.first), prefix.appending(padded: ports.last))
    }

    func append(to row: inout [UInt8]) {
        row += lower
        if isRange { row += upper }
    }

    func append(to row: inout [UInt8], slot: UInt32) {
        // Slot numbers come from the kernel's own arithmetic, in the host's byte order.
        row += lower
        withUnsafeBytes(of: slot) { row.append(contentsOf: $0) }
        guard isRange else { return }
        row += upper
        withUnsafeBytes(of: slot) { row.append(contentsOf: $0) }
    }

    /// Exchanges the slot of a row.
    func put(slot: UInt32, in row: Slice<UnsafeMutableRawBufferPointer>) {
        let row = UnsafeMutableRawBufferPointer(rebasing: row)
        row.storeBytes(of: slot, toByteOffset: lower.count, as: UInt32.self)
        if isRange { row.storeBytes(of: slot, toByteOffset: lower.count + 4 + upper.count, as: UInt32.self) }
    }

    func append(to row: inout [UInt8], number: [UInt8]) {
        row += lower + number + [0, 0]
        if isRange { row += upper + number + [0, 0] }
    }

    func append(to row: inout [UInt8], source: IPAddress) {
        source.appendOctets(to: &row)
        row += lower
        guard isRange else { return }
        source.appendOctets(to: &row)
        row += upper
    }

    func append(to row: inout [UInt8], backend: IPAddress, ports: PortRange) {
        row += lower
        backend.appendOctets(to: &row)
        guard !isWhole else { return }
        row.append(padded: ports.first)
        guard isRange else { return }
        row += upper
        backend.appendOctets(to: &row)
        row.append(padded: ports.last)
    }
}

extension [UInt8] {
    mutating func append(padded port: UInt16) { self += [UInt8(port >> 8), UInt8(truncatingIfNeeded: port), 0, 0] }

    func appending(padded port: UInt16) -> [UInt8] {
        var result = self
        result.append(padded: port)
        return result
    }

    mutating func append(chain: String) {
        let name = Array(chain.utf8)
        precondition(name.count < ElementTable.verdictLength, "chain names have at most \(ElementTable.verdictLength - 1) octets")
        self += name + [UInt8](repeating: 0, count: ElementTable.verdictLength - name.count)
    }
}
