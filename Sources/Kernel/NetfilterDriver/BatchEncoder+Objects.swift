import CNetfilter
import Ruleset

/// Sets, chains and rules go through the objects of libnftnl.
extension BatchEncoder {
    static func appendSet(_ header: UnsafeMutablePointer<nlmsghdr>, _ name: String, _ type: SetType, id: UInt32) {
        guard let set = nftnl_set_alloc() else { preconditionFailure("out of memory") }
        defer { nftnl_set_free(set) }
        let definition = SetDefinition(type)
        nftnl_set_set_str(set, UInt16(NFTNL_SET_TABLE.rawValue), Ruleset.tableName)
        nftnl_set_set_str(set, UInt16(NFTNL_SET_NAME.rawValue), name)
        nftnl_set_set_u32(set, UInt16(NFTNL_SET_FLAGS.rawValue), definition.flags)
        nftnl_set_set_u32(set, UInt16(NFTNL_SET_KEY_TYPE.rawValue), definition.keyType)
        nftnl_set_set_u32(set, UInt16(NFTNL_SET_KEY_LEN.rawValue), definition.keyLength)
        nftnl_set_set_u32(set, UInt16(NFTNL_SET_ID.rawValue), id)
        if type.value != .none {
            nftnl_set_set_u32(set, UInt16(NFTNL_SET_DATA_TYPE.rawValue), definition.dataType)
            nftnl_set_set_u32(set, UInt16(NFTNL_SET_DATA_LEN.rawValue), definition.dataLength)
        }
        if type.isInterval, type.key.count > 1 {
            let lengths = type.key.map { UInt8($0.length) }
            nftnl_set_set_data(set, UInt16(NFTNL_SET_DESC_CONCAT.rawValue), lengths, UInt32(lengths.count))
        }
        if type.dynamic != nil { nftnl_set_set_u32(set, UInt16(NFTNL_SET_DESC_SIZE.rawValue), definition.size) }
        if definition.timeout > 0 { nftnl_set_set_u64(set, UInt16(NFTNL_SET_TIMEOUT.rawValue), definition.timeout) }
        // The set owns it: every element gets one of its own.
        if type.isCounted { nftnl_set_add_expr(set, nftnl_expr_alloc("counter")) }
        let userData = SetUserData(type).bytes
        nftnl_set_set_data(set, UInt16(NFTNL_SET_USERDATA.rawValue), userData, UInt32(userData.count))
        nftnl_set_nlmsg_build_payload(header, set)
    }

    static func appendChain(_ header: UnsafeMutablePointer<nlmsghdr>, _ name: String, _ base: BaseChain?) {
        guard let chain = nftnl_chain_alloc() else { preconditionFailure("out of memory") }
        defer { nftnl_chain_free(chain) }
        nftnl_chain_set_str(chain, UInt16(NFTNL_CHAIN_TABLE.rawValue), Ruleset.tableName)
        nftnl_chain_set_str(chain, UInt16(NFTNL_CHAIN_NAME.rawValue), name)
        if let base {
            nftnl_chain_set_str(chain, UInt16(NFTNL_CHAIN_TYPE.rawValue), base.kind.rawValue)
            nftnl_chain_set_u32(chain, UInt16(NFTNL_CHAIN_POLICY.rawValue), UInt32(NF_ACCEPT))
            nftnl_chain_set_u32(chain, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue), base.hook.number)
            nftnl_chain_set_s32(chain, UInt16(NFTNL_CHAIN_PRIO.rawValue), base.priority)
            if let device = base.hook.device { nftnl_chain_set_str(chain, UInt16(NFTNL_CHAIN_DEV.rawValue), device) }
        }
        nftnl_chain_nlmsg_build_payload(header, chain)
    }

    static func appendRule(_ header: UnsafeMutablePointer<nlmsghdr>, _ chain: String, _ expressions: [Expression]) {
        guard let rule = nftnl_rule_alloc() else { preconditionFailure("out of memory") }
        defer { nftnl_rule_free(rule) }
        nftnl_rule_set_str(rule, UInt16(NFTNL_RULE_TABLE.rawValue), Ruleset.tableName)
        nftnl_rule_set_str(rule, UInt16(NFTNL_RULE_CHAIN.rawValue), chain)
        for expression in expressions { nftnl_rule_add_expr(rule, expression.pointer) }
        nftnl_rule_nlmsg_build_payload(header, rule)
    }
}

extension UnsafeMutablePointer<nlmsghdr> {
    /// Names an object, or describes one where there is a `helper`.
    func appendHelper(_ name: String, _ helper: HelperObject? = nil) {
        append(NFTA_OBJ_TABLE.rawValue, Ruleset.tableName)
        append(NFTA_OBJ_NAME.rawValue, name)
        mnl_attr_put_u32(self, UInt16(NFTA_OBJ_TYPE.rawValue), UInt32(NFT_OBJECT_CT_HELPER).bigEndian)
        guard let helper else { return }
        nest(NFTA_OBJ_DATA.rawValue) {
            append(NFTA_CT_HELPER_NAME.rawValue, helper.type)
            // Both families, where the kernel's helper knows both.
            mnl_attr_put_u16(self, UInt16(NFTA_CT_HELPER_L3PROTO.rawValue), UInt16(NFPROTO_INET).bigEndian)
            mnl_attr_put_u8(self, UInt16(NFTA_CT_HELPER_L4PROTO.rawValue), helper.transport.rawValue)
        }
    }
}

extension BaseChain.Hook {
    /// NF_INET_* of linux/netfilter.h; netdev has its own numbers.
    var number: UInt32 {
        switch self {
        case .prerouting: NF_INET_PRE_ROUTING.rawValue
        case .input: NF_INET_LOCAL_IN.rawValue
        case .forward: NF_INET_FORWARD.rawValue
        case .output: NF_INET_LOCAL_OUT.rawValue
        case .postrouting: NF_INET_POST_ROUTING.rawValue
        case .ingress: UInt32(NF_NETDEV_INGRESS.rawValue)
        // NF_NETDEV_EGRESS, which headers before Linux 5.16 lack.
        case .egress: UInt32(NF_NETDEV_INGRESS.rawValue) + 1
        }
    }
}
