import CNetfilter
import Ruleset

extension RuleEncoder {
    /// Adds, renews or deletes an element from within a rule. `limit`: what each element counts; the rule goes on where it is exceeded.
    mutating func change(
        _ set: String, _ operation: nft_dynset_ops, _ key: Key, value: KeyPart? = nil, seconds: UInt32? = nil, limit: Expression? = nil
    ) {
        for part in key.parts { require(part) }
        if let value { require(value) }
        // nft keeps four registers for the key of a map and for a lone field.
        let isRoomy = value != nil || key.parts.count == 1
        let behind = Register(word: isRoomy ? max(4, key.registers) : key.registers)
        load(key, scratch: behind, isInterval: false)
        if let value { load(value, into: behind, scratch: behind + 4) }
        append(.change(set, operation, key: .first, value: value == nil ? nil : behind, seconds: seconds, limit: limit))
    }
}
