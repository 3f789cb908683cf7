import FarmModel
import NetTypes
import Ruleset

extension HashInputs {
    /// What the kernel hashes, addresses cut to their prefixes.
    func keyParts(_ family: AddressFamily) -> [KeyPart] {
        inputs.map { input in
            guard case .address(let side, _) = input.keyPart(family), let bits = prefix(family) else { return input.keyPart(family) }
            return .network(side, family, bits: bits)
        }
    }

    /// As names of chains have it: `saddr-sport`, and `saddr24-sport` where 24 bits of addresses count.
    func text(_ family: AddressFamily) -> String {
        let bits = prefix(family).map(String.init) ?? ""
        return inputs.map { $0.isAddress ? $0.abbreviation + bits : $0.abbreviation }.joined(separator: "-")
    }

    /// Nil where whole addresses count.
    private func prefix(_ family: AddressFamily) -> Int? {
        let bits = family == .ipv4 ? prefixes.ipv4 : prefixes.ipv6
        return bits < family.addressLength * 8 ? bits : nil
    }
}

extension HashInput {
    var isAddress: Bool { self == .sourceAddress || self == .destinationAddress }

    fileprivate var abbreviation: String {
        switch self {
        case .sourceAddress: "saddr"
        case .destinationAddress: "daddr"
        case .sourcePort: "sport"
        case .destinationPort: "dport"
        case .sourceMac: "smac"
        case .destinationMac: "dmac"
        }
    }

    fileprivate func keyPart(_ family: AddressFamily) -> KeyPart {
        switch self {
        case .sourceAddress: .address(.source, family)
        case .destinationAddress: .address(.destination, family)
        case .sourcePort: .port(.source)
        case .destinationPort: .port(.destination)
        case .sourceMac: .mac(.source)
        case .destinationMac: .mac(.destination)
        }
    }
}
