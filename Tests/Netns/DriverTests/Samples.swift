import NetTypes
import Ruleset
import Testing

/// Rulesets that use everything the driver encodes.
enum Samples {
    static let modulus: UInt32 = 127

    static func address(_ text: String) -> [UInt8] {
        guard let address = IPAddress(text) else { preconditionFailure("\(text) is no address") }
        return address.octets
    }

    static func ports(_ first: UInt16, _ last: UInt16) -> PortRange {
        guard let ports = PortRange(first, last) else { preconditionFailure("no ports") }
        return ports
    }

    /// Values as registers hold them, padded to whole ones.
    static func registers(_ fields: [UInt8]...) -> [UInt8] {
        fields.flatMap { $0 + [UInt8](repeating: 0, count: (4 - $0.count % 4) % 4) }
    }

    static func port(_ number: UInt16) -> [UInt8] { [UInt8(number >> 8), UInt8(number & 0xFF)] }
    static func slot(_ number: UInt32) -> [UInt8] { withUnsafeBytes(of: number) { Array($0) } }
    static func chain(_ name: String) -> [UInt8] { Array(name.utf8) + [UInt8](repeating: 0, count: 64 - name.utf8.count) }
    static func mac(_ last: UInt8) -> [UInt8] { [2, 0, 0, 0, 0, last] }

    static func set(_ name: String, _ type: SetType, _ rows: [UInt8]...) -> ElementSet {
        let table = ElementTable(type.layout, unsortedRows: rows.flatMap { $0 })
        return ElementSet(name: name, type: type, fragments: table.isEmpty ? [:] : [.shared: table])
    }

    static func serviceType(_ family: AddressFamily, isInterval: Bool = false) -> SetType {
        SetType(key: [.address(family), .transport, .port], value: .verdict, isInterval: isInterval)
    }

    static func slotType(_ family: AddressFamily, _ value: [Field], isInterval: Bool = false) -> SetType {
        SetType(key: [.address(family), .transport, .port, .slot(modulus: modulus)], value: .fields(value), isInterval: isInterval)
    }

    static func service(_ family: AddressFamily) -> Key { Key(.address(.destination, family), .transport, .port(.destination)) }

    static func slotKey(_ family: AddressFamily, _ selector: SlotSelector) -> Key {
        Key(.address(.destination, family), .transport, .port(.destination), .slot(selector))
    }

    static func hash(_ parts: KeyPart...) -> SlotSelector { .hash(parts, modulus: modulus, seed: 0x5EED) }

    /// Destination and source translation, probes, verdict maps and ranges, both families.
    static var translating: Ruleset { Ruleset(tables: [translatingTable]) }
    /// Frames rewritten on one device.
    static var direct: Ruleset { Ruleset(tables: [directTable]) }
    static var everything: Ruleset { Ruleset(tables: [translatingTable, directTable]) }

    /// Together they use each statement and each kind of set.
    static let all: [(name: String, ruleset: Ruleset)] = [
        ("everything", everything), ("limiting", limiting), ("stateless", stateless),
    ]

    static func named(_ name: String) throws -> Ruleset { try #require(all.first { $0.name == name }).ruleset }
}
