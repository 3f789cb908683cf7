import CNetfilter
import NetTypes
import Ruleset

extension RuleEncoder {
    /// Loads the key into consecutive registers and looks it up; a found value goes to `destination`.
    mutating func lookup(_ key: Key, _ set: String, into destination: UInt32? = nil) {
        for part in key.parts { require(part) }
        // nft keeps four registers for the result, then the key's own length again.
        let scratch = Register(word: (destination == nil ? 0 : 4) + (key.parts.count > 1 ? key.registers : 0))
        load(key, scratch: scratch, isInterval: isInterval(set))
        append(.lookup(.first, in: set, into: destination))
    }

    /// `scratch`: where nft gathers the inputs of hashes.
    mutating func load(_ key: Key, scratch: Register, isInterval: Bool) {
        var register = Register.first
        var parts: [(part: KeyPart, register: Register)] = []
        for part in key.parts {
            parts.append((part, register))
            register = register + part.registers
        }
        // A hash whose inputs find no room at its own place either is taken first, from registers that the key overwrites.
        if let early = parts.firstIndex(where: { !$0.part.finds(roomAt: scratch) && !$0.part.finds(roomAt: $0.register) }) {
            let (part, register) = parts.remove(at: early)
            load(part, into: register, scratch: .first, isInterval: isInterval)
        }
        for (part, register) in parts { load(part, into: register, scratch: scratch, isInterval: isInterval) }
    }

    mutating func load(_ part: KeyPart, into register: Register, scratch: Register, isInterval: Bool = false) {
        switch part {
        case .address(let side, let family): append(.payload(family.field(side), into: register))
        case .network(let side, let family, let bits):
            append(.payload(family.field(side), into: register), .mask(register, family.mask(bits).octets))
        case .transport: append(.meta(NFT_META_L4PROTO, into: register))
        case .port(let side): append(.payload(side.port, into: register))
        case .mac(let side): append(.payload(side.mac, into: register))
        case .mark(let bits): append(.meta(NFT_META_MARK, into: register), .mask(register, hostOctets(bits)))
        case .quoted(let field, let family): append(.payload(.quoted(field, family), into: register))
        case .originalDestination(let family):
            append(.conntrack(family == .ipv4 ? NFT_CT_DST_IP : NFT_CT_DST_IP6, original: true, into: register))
        case .originalDestinationPort: append(.conntrack(NFT_CT_PROTO_DST, original: true, into: register))
        case .slot(let selector):
            // What is behind the hash's own place is loaded after it.
            select(selector, into: register, scratch: part.finds(roomAt: scratch) ? scratch : register)
            // Ranges are compared octet by octet, so nft turns numbers of the host's order round.
            if isInterval { append(.networkOrder(register, length: 4)) }
        }
    }

    private mutating func select(_ selector: SlotSelector, into register: Register, scratch: Register) {
        let (modulus, offset) = (selector.modulus, selector.offset)
        switch selector {
        case .random: append(.numgen(NFT_NG_RANDOM, modulus: modulus, offset: offset, into: register))
        case .symmetricHash: append(.symhash(modulus: modulus, offset: offset, into: register))
        case .counter: append(.numgen(NFT_NG_INCREMENTAL, modulus: modulus, offset: offset, into: register))
        case .hash(let inputs, _, let seed, _):
            var source = scratch
            for input in inputs {
                load(input, into: source, scratch: scratch)
                source = source + input.registers
            }
            precondition(source.word <= Register.count, "a hash over more octets than there are registers")
            let length = inputs.count == 1 ? inputs[0].field.length : (source.word - scratch.word) * 4
            append(.jhash(scratch, length: length, modulus: modulus, offset: offset, seed: seed, into: register))
        }
    }
}

extension Key {
    var registers: Int { parts.reduce(0) { $0 + $1.registers } }
}

extension KeyPart {
    fileprivate var registers: Int { field.registerLength / 4 }

    /// Whether the inputs of a hash fit into the registers from `scratch` on; true for what is no hash.
    fileprivate func finds(roomAt scratch: Register) -> Bool {
        guard case .slot(.hash(let inputs, _, _, _)) = self else { return true }
        return scratch.word + inputs.reduce(0) { $0 + $1.registers } <= Register.count
    }
}
