import CNetfilter

/// One expression of a rule, as libnftnl holds it. Whoever takes `pointer` into a rule gives it to the rule.
struct Expression {
    let pointer: OpaquePointer

    init(_ name: String) {
        guard let pointer = nftnl_expr_alloc(name) else { preconditionFailure("libnftnl knows no expression \(name)") }
        self.pointer = pointer
    }

    func with(_ attribute: Int, _ number: UInt32) -> Expression {
        nftnl_expr_set_u32(pointer, UInt16(attribute), number)
        return self
    }

    func with(_ attribute: Int, long number: UInt64) -> Expression {
        nftnl_expr_set_u64(pointer, UInt16(attribute), number)
        return self
    }

    func with(_ attribute: Int, _ register: Register) -> Expression { with(attribute, register.number) }

    func with(_ attribute: Int, _ octets: [UInt8]) -> Expression {
        nftnl_expr_set(pointer, UInt16(attribute), octets, UInt32(octets.count))
        return self
    }

    func with(_ attribute: Int, _ string: String) -> Expression {
        nftnl_expr_set_str(pointer, UInt16(attribute), string)
        return self
    }
}

extension Expression {
    static func meta(_ key: nft_meta_keys, into register: Register) -> Expression {
        Expression("meta").with(NFTNL_EXPR_META_KEY, key.rawValue).with(NFTNL_EXPR_META_DREG, register)
    }

    static func setMeta(_ key: nft_meta_keys, from register: Register) -> Expression {
        Expression("meta").with(NFTNL_EXPR_META_KEY, key.rawValue).with(NFTNL_EXPR_META_SREG, register)
    }

    static func payload(_ field: PacketField, into register: Register) -> Expression {
        payload(field).with(NFTNL_EXPR_PAYLOAD_DREG, register)
    }

    static func write(_ register: Register, to field: PacketField, _ checksum: PacketField.Checksum) -> Expression {
        payload(field).with(NFTNL_EXPR_PAYLOAD_SREG, register).with(NFTNL_EXPR_PAYLOAD_CSUM_TYPE, checksum.kind.rawValue)
            .with(NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, checksum.offset).with(NFTNL_EXPR_PAYLOAD_FLAGS, checksum.flags)
    }

    private static func payload(_ field: PacketField) -> Expression {
        Expression("payload").with(NFTNL_EXPR_PAYLOAD_BASE, field.base.rawValue).with(NFTNL_EXPR_PAYLOAD_OFFSET, field.offset)
            .with(NFTNL_EXPR_PAYLOAD_LEN, field.length)
    }

    static func compare(_ register: Register, _ operation: nft_cmp_ops, _ octets: [UInt8]) -> Expression {
        Expression("cmp").with(NFTNL_EXPR_CMP_SREG, register).with(NFTNL_EXPR_CMP_OP, operation.rawValue).with(NFTNL_EXPR_CMP_DATA, octets)
    }

    static func mask(_ register: Register, _ octets: [UInt8]) -> Expression { bitwise(register, octets, octets.map { _ in 0 }) }

    /// Sets bits and keeps the others.
    static func set(_ register: Register, _ octets: [UInt8]) -> Expression { bitwise(register, octets.map { ~$0 }, octets) }

    private static func bitwise(_ register: Register, _ mask: [UInt8], _ flipped: [UInt8]) -> Expression {
        Expression("bitwise").with(NFTNL_EXPR_BITWISE_SREG, register).with(NFTNL_EXPR_BITWISE_DREG, register)
            .with(NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_MASK_XOR.rawValue).with(NFTNL_EXPR_BITWISE_LEN, UInt32(mask.count))
            .with(NFTNL_EXPR_BITWISE_MASK, mask).with(NFTNL_EXPR_BITWISE_XOR, flipped)
    }

    static func conntrack(_ key: nft_ct_keys, original: Bool = false, into register: Register) -> Expression {
        let expression = Expression("ct").with(NFTNL_EXPR_CT_KEY, key.rawValue).with(NFTNL_EXPR_CT_DREG, register)
        guard original else { return expression }
        nftnl_expr_set_u8(expression.pointer, UInt16(NFTNL_EXPR_CT_DIR), UInt8(IP_CT_DIR_ORIGINAL.rawValue))
        return expression
    }

    /// The kind of address that the destination is: RTN_LOCAL and its like.
    static func destinationKind(into register: Register) -> Expression {
        Expression("fib").with(NFTNL_EXPR_FIB_DREG, register).with(NFTNL_EXPR_FIB_RESULT, UInt32(NFT_FIB_RESULT_ADDRTYPE.rawValue))
            .with(NFTNL_EXPR_FIB_FLAGS, UInt32(NFTA_FIB_F_DADDR.rawValue))
    }

    static func jhash(
        _ source: Register, length: Int, modulus: UInt32, offset: UInt32, seed: UInt32, into register: Register
    ) -> Expression {
        Expression("hash").with(NFTNL_EXPR_HASH_SREG, source).with(NFTNL_EXPR_HASH_DREG, register)
            .with(NFTNL_EXPR_HASH_LEN, UInt32(length)).with(NFTNL_EXPR_HASH_MODULUS, modulus).with(NFTNL_EXPR_HASH_SEED, seed)
            .with(NFTNL_EXPR_HASH_OFFSET, offset).with(NFTNL_EXPR_HASH_TYPE, UInt32(NFT_HASH_JENKINS.rawValue))
    }

    /// Over addresses and ports, the lower first, with a seed of the kernel's own.
    static func symhash(modulus: UInt32, offset: UInt32, into register: Register) -> Expression {
        Expression("hash").with(NFTNL_EXPR_HASH_DREG, register).with(NFTNL_EXPR_HASH_MODULUS, modulus)
            .with(NFTNL_EXPR_HASH_OFFSET, offset).with(NFTNL_EXPR_HASH_TYPE, UInt32(NFT_HASH_SYM.rawValue))
    }

    static func numgen(_ kind: nft_ng_types, modulus: UInt32, offset: UInt32, into register: Register) -> Expression {
        Expression("numgen").with(NFTNL_EXPR_NG_DREG, register).with(NFTNL_EXPR_NG_TYPE, kind.rawValue)
            .with(NFTNL_EXPR_NG_MODULUS, modulus).with(NFTNL_EXPR_NG_OFFSET, offset)
    }

    static func networkOrder(_ register: Register, length: UInt32) -> Expression {
        Expression("byteorder").with(NFTNL_EXPR_BYTEORDER_SREG, register).with(NFTNL_EXPR_BYTEORDER_DREG, register)
            .with(NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON.rawValue).with(NFTNL_EXPR_BYTEORDER_LEN, length)
            .with(NFTNL_EXPR_BYTEORDER_SIZE, length)
    }

    static func lookup(_ register: Register, in set: String, into destination: UInt32? = nil) -> Expression {
        let expression = Expression("lookup").with(NFTNL_EXPR_LOOKUP_SREG, register).with(NFTNL_EXPR_LOOKUP_SET, set)
        return destination.map { expression.with(NFTNL_EXPR_LOOKUP_DREG, $0) } ?? expression
    }

    static func immediate(_ octets: [UInt8], into register: Register) -> Expression {
        Expression("immediate").with(NFTNL_EXPR_IMM_DREG, register).with(NFTNL_EXPR_IMM_DATA, octets)
    }

    static func verdict(_ code: Int32, chain: String? = nil) -> Expression {
        let expression = Expression("immediate").with(NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT.rawValue)
            .with(NFTNL_EXPR_IMM_VERDICT, UInt32(bitPattern: code))
        return chain.map { expression.with(NFTNL_EXPR_IMM_CHAIN, $0) } ?? expression
    }

    static var counter: Expression {
        Expression("counter").with(NFTNL_EXPR_CTR_PACKETS, long: 0).with(NFTNL_EXPR_CTR_BYTES, long: 0)
    }

    static func reject(_ type: nft_reject_types, code: UInt8) -> Expression {
        let expression = Expression("reject").with(NFTNL_EXPR_REJECT_TYPE, type.rawValue)
        nftnl_expr_set_u8(expression.pointer, UInt16(NFTNL_EXPR_REJECT_CODE), code)
        return expression
    }
}
