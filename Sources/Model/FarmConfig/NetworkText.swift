import FarmModel
import NetTypes

/// Addresses and prefixes as policies write them. A prefix has no bits set behind its length, so that nobody means another network.
enum NetworkText {
    struct Problem: Error {
        let message: String
        let hint: String
    }

    static func parse(_ text: String) -> Result<AddressRange, Problem> {
        let slash = text.utf8.firstIndex(of: 0x2F)
        let host = slash.map { String(text[..<$0]) } ?? text
        guard let address = AddressText.parse(host) else { return .failure(notAnAddress(text, host)) }
        if let mapped = AddressText.mappedIPv4(address) {
            return .failure(Problem(message: "is an IPv4 address in IPv6 clothing", hint: "write \(mapped)"))
        }
        guard let slash else { return .success(AddressRange(address)) }
        return prefix(of: address, length: text[text.utf8.index(after: slash)...])
    }

    private static func prefix(of address: IPAddress, length text: Substring) -> Result<AddressRange, Problem> {
        let width = address.family.addressLength * 8
        guard let length = DecimalText.integer(text), (0...width).contains(length) else {
            let isMask = text.contains(".") || text.contains(":")
            return .failure(
                Problem(
                    message: "has no prefix length",
                    hint: isMask ? "write it as a number of bits: /24" : "a number from 0 to \(width) after the slash"))
        }
        let hostBits = length == width ? 0 : UInt128.max >> UInt128(128 - width + length)
        let first = address.bits & ~hostBits
        let network = IPAddress(address.family, bits: first)
        guard first == address.bits else {
            return .failure(
                Problem(message: "has bits set behind its prefix length", hint: "write \(network)/\(length), or \(address) for one address")
            )
        }
        guard let range = AddressRange(network, IPAddress(address.family, bits: first | hostBits)) else {
            preconditionFailure("the last address of a prefix is not before the first")
        }
        return .success(range)
    }

    private static func notAnAddress(_ text: String, _ host: String) -> Problem {
        if host.contains("-") { return Problem(message: "is no address or prefix", hint: "write a range as prefixes") }
        return Problem(message: "is no address or prefix", hint: AddressText.remedy(for: host))
    }
}
