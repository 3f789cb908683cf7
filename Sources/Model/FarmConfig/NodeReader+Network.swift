import NetTypes

extension NodeReader {
    /// What an address is for, which decides what is allowed.
    enum AddressUse {
        case listener, backend, ownBackend, source, probe, client
    }

    func address(for use: AddressUse) -> IPAddress? {
        guard let text = textScalar("an IPv4 or IPv6 address") else { return nil }
        return address(text, for: use)
    }

    /// Reads a piece of the scalar at hand as an address.
    func address(_ text: some StringProtocol, for use: AddressUse) -> IPAddress? {
        let text = String(text)
        guard let address = AddressText.parse(text) else {
            fault(.badAddress, "\(text.quoted) is no IP address", hint: AddressText.remedy(for: text))
            return nil
        }
        guard let objection = AddressText.objection(to: address, for: use) else { return address }
        fault(.unusableAddress, "\(address) \(objection.message)", hint: objection.hint)
        return nil
    }

    /// A port or a range, given as a number or as text.
    func portRange() -> PortRange? {
        guard let scalar = scalar("a port or a range of ports") else { return nil }
        if let trap = scalar.trap, trap != "a number" {
            fault(
                .yamlTrap, "\(scalar.text.shown) is \(trap) to YAML; \(key.name.quoted) has to be a port",
                hint: "write it as a decimal number")
            return nil
        }
        return portRange(scalar.text)
    }

    func portRange(_ text: some StringProtocol) -> PortRange? {
        switch PortText.parse(text) {
        case .success(let range): return range
        case .failure(let problem):
            fault(.badPort, "\(String(text).quoted) \(problem.message)", hint: "ports are 1 to 65535, a range is such as 30000-30100")
            return nil
        }
    }

    /// Sorted ranges without overlaps, from a scalar or a list of scalars.
    func ports() -> [PortRange]? {
        guard node.list != nil else { return portRange().map { [$0] } }
        guard let entries = entries(atMost: FarmLimits.portsPerListener) else { return nil }
        var ranges: [PortRange] = []
        for entry in entries {
            guard let range = entry.portRange() else { continue }
            if let other = ranges.first(where: range.overlaps) {
                entry.fault(
                    .listenerTwice, range == other ? "port \(range) is listed twice" : "ports \(range) overlap with \(other)",
                    hint: "leave one out")
            } else {
                ranges.append(range)
            }
        }
        return ranges.count == entries.count ? ranges.sorted() : nil
    }
}

enum PortText {
    struct Problem: Error { let message: String }

    static func parse(_ text: some StringProtocol) -> Result<PortRange, Problem> {
        let bounds = text.split(separator: "-", omittingEmptySubsequences: false)
        guard bounds.count <= 2, bounds.allSatisfy({ DecimalText.isInteger($0) }) else {
            return .failure(Problem(message: "is no port and no range of ports"))
        }
        let numbers = bounds.compactMap { UInt16($0) }.filter { $0 > 0 }
        guard numbers.count == bounds.count else { return .failure(Problem(message: "is out of range")) }
        guard let range = PortRange(numbers[0], numbers[numbers.count - 1]) else { return .failure(Problem(message: "is reversed")) }
        return .success(range)
    }
}

enum AddressText {
    /// Only what an address consists of: the C parser would stop at a NUL.
    static func parse(_ text: String) -> IPAddress? {
        guard text.utf8.allSatisfy({ isHexDigit($0) || $0 == 0x2E || $0 == 0x3A }) else { return nil }
        return IPAddress(text)
    }

    static func remedy(for text: String) -> String {
        if text.contains("/") { return "write one address, without a prefix length" }
        if text.contains("%") { return "leave the zone out" }
        if text.contains("[") { return "leave the brackets out" }
        if let endpoint = Endpoint(text) { return "the port has a key of its own: address: \(endpoint.address), port: \(endpoint.port)" }
        if text.utf8.allSatisfy({ ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2E }) { return "four numbers from 0 to 255 without leading zeros" }
        return "names are not resolved; write it as 10.0.1.11 or \"2001:db8::11\""
    }

    static func objection(to address: IPAddress, for use: NodeReader.AddressUse) -> (message: String, hint: String)? {
        if let mapped = mappedIPv4(address) { return ("is an IPv4 address in IPv6 clothing", "write \(mapped)") }
        if address.isUnspecified { return ("stands for no address", "name one address") }
        if address.isMulticastOrBroadcast { return ("is a multicast or broadcast address", "name the address of one host") }
        if address.isLoopback, use == .ownBackend {
            return ("is a loopback address, which takes no packet from outside", "name the address of one of the balancer's devices")
        }
        if address.isLoopback, use != .probe {
            return ("is a loopback address, which no packet from outside may carry", "name an address on a network")
        }
        if address.isLinkLocal6 {
            return ("is a link-local address, which means nothing without a device", "name a global or unique local address")
        }
        return nil
    }

    /// ::ffff:0:0/96 (RFC 4291 § 2.5.5.2) never stands in a packet.
    static func mappedIPv4(_ address: IPAddress) -> IPAddress? {
        let octets = address.octets
        guard octets.count == 16, octets.prefix(12) == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF] else { return nil }
        return IPAddress(octets: octets.suffix(4))
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66: true
        default: false
        }
    }
}
