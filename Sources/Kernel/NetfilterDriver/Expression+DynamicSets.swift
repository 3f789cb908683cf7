import CNetfilter
import Ruleset

extension Expression {
    static func limit(_ rate: RateLimit, isOver: Bool) -> Expression {
        Expression("limit").with(NFTNL_EXPR_LIMIT_RATE, long: rate.count).with(NFTNL_EXPR_LIMIT_UNIT, long: rate.unit.seconds)
            .with(NFTNL_EXPR_LIMIT_BURST, rate.burst).with(NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS.rawValue)
            .with(NFTNL_EXPR_LIMIT_FLAGS, isOver ? NFT_LIMIT_F_INV.rawValue : 0)
    }

    static func connectionsOver(_ count: UInt32) -> Expression {
        Expression("connlimit").with(NFTNL_EXPR_CONNLIMIT_COUNT, count).with(NFTNL_EXPR_CONNLIMIT_FLAGS, NFT_CONNLIMIT_F_INV.rawValue)
    }

    /// NF_SYNPROXY_OPT_ of linux/netfilter/nf_synproxy.h: segment size, window scale, selective acknowledgement, timestamps.
    static func synProxy(_ options: SynProxyOptions) -> Expression {
        let expression = Expression("synproxy").with(NFTNL_EXPR_SYNPROXY_FLAGS, 0x0F)
        nftnl_expr_set_u16(expression.pointer, UInt16(NFTNL_EXPR_SYNPROXY_MSS), options.segmentSize)
        nftnl_expr_set_u8(expression.pointer, UInt16(NFTNL_EXPR_SYNPROXY_WSCALE), options.windowScale)
        return expression
    }

    static func object(_ name: String, type: UInt32) -> Expression {
        Expression("objref").with(NFTNL_EXPR_OBJREF_IMM_TYPE, type).with(NFTNL_EXPR_OBJREF_IMM_NAME, name)
    }

    /// Takes `limit` over.
    static func change(
        _ set: String, _ operation: nft_dynset_ops, key: Register, value: Register?, seconds: UInt32?, limit: Expression?
    ) -> Expression {
        let expression = Expression("dynset").with(NFTNL_EXPR_DYNSET_SREG_KEY, key).with(NFTNL_EXPR_DYNSET_OP, operation.rawValue)
            .with(NFTNL_EXPR_DYNSET_SET_NAME, set)
        if let value { _ = expression.with(NFTNL_EXPR_DYNSET_SREG_DATA, value) }
        // In milliseconds.
        if let seconds { _ = expression.with(NFTNL_EXPR_DYNSET_TIMEOUT, long: UInt64(seconds) * 1000) }
        if let limit { nftnl_expr_set(expression.pointer, UInt16(NFTNL_EXPR_DYNSET_EXPR), UnsafeRawPointer(limit.pointer), 0) }
        return expression
    }
}
