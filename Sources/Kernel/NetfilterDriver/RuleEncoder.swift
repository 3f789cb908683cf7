import CNetfilter
import NetTypes
import Ruleset

/// Writes a rule as the expressions that nft 1.0.6 makes of its text, with the dependencies that nft adds on its own.
struct RuleEncoder {
    let family: TableFamily
    /// Whether the set of a name holds ranges: these are looked up in network order throughout.
    let isInterval: (String) -> Bool
    private(set) var expressions: [Expression] = []
    var known = KnownLayers()

    private init(_ family: TableFamily, isInterval: @escaping (String) -> Bool) {
        (self.family, self.isInterval) = (family, isInterval)
    }

    /// The rule's expressions, in order; they belong to the caller.
    static func expressions(_ rule: Rule, in family: TableFamily, isInterval: @escaping (String) -> Bool) -> [Expression] {
        var encoder = RuleEncoder(family, isInterval: isInterval)
        if rule.needsTCP { encoder.match(.tcp) }
        for statement in rule.statements { encoder.encode(statement) }
        return encoder.expressions
    }

    mutating func append(_ new: Expression...) { expressions += new }

    private mutating func encode(_ statement: Statement) {
        switch statement {
        case .transport(let transport): match(transport)
        case .portWithin(let side, let ports): match(side, ports)
        case .inSet(let key, let set): lookup(key, set)
        case .destinationTranslated: matchConntrack(NFT_CT_STATUS, IPS_DST_NAT.rawValue)
        case .direction(let isReply): match(isReply ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL)
        case .destinationIsLocal: matchLocalDestination()
        case .tcpFlags(let flags, let mask): match(flags, among: mask)
        case .neighbourDiscovery: matchNeighbourDiscovery()
        case .connectionState(let state): matchConntrack(NFT_CT_STATE, state.bit)
        case .frameForOthers: matchOthersFrame()
        case .frame(let family): match(frame: family)
        case .controlMessage(let family): matchControlProtocol(family)
        case .errorReport(let type, let family): match(report: type, family)
        case .marked(let bits): match(marked: bits)
        case .rate(let rate, let isOver): append(.limit(rate, isOver: isOver))
        case .rateOver(let rate, let key, let set): change(set, NFT_DYNSET_OP_UPDATE, key, limit: .limit(rate, isOver: true))
        case .connectionsOver(let count, let key, let set): change(set, NFT_DYNSET_OP_ADD, key, limit: .connectionsOver(count))
        case .verdictMap(let key, let map): lookup(key, map, into: NFT_REG_VERDICT.rawValue)
        case .destinationNAT(let family, let key, let map, let hasPort): translateDestination(family, key, map, hasPort: hasPort)
        case .sourceNAT(let family, let key, let map, let ports): translateSource(family, key, map, ports)
        case .masquerade(let ports): masquerade(ports)
        case .setMAC(let side, let key, let map): setMAC(side, key, map)
        case .setAddress(let side, let family, let key, let map): setAddress(side, family, key, map)
        case .setPort(let side, let transport, let key, let map): setPort(side, transport, key, map)
        case .setUncheckedPort(let side, let key, let map): setUncheckedPort(side, key, map)
        case .setQuotedSource(let family, let key, let map): setQuotedSource(family, key, map)
        case .setQuotedPort(let family, let key, let map): setQuotedPort(family, key, map)
        case .setMACTo(let side, let mac): setMAC(side, mac)
        case .forwardOut(let device): forward(out: device)
        case .forward(let key, let map): forward(key, map)
        case .forwardToNeighbour(let family, let key, let map): forward(to: family, key, map)
        case .note(let key, let set): change(set, NFT_DYNSET_OP_UPDATE, key)
        case .remember(let key, let map, let value, let seconds): change(map, NFT_DYNSET_OP_UPDATE, key, value: value, seconds: seconds)
        case .forget(let key, let map, let value): change(map, NFT_DYNSET_OP_DELETE, key, value: value)
        case .assignHelper(let name): append(.object(name, type: UInt32(NFT_OBJECT_CT_HELPER)))
        case .setMark(let mark):
            append(.meta(NFT_META_MARK, into: .first), .set(.first, hostOctets(mark)), .setMeta(NFT_META_MARK, from: .first))
        case .clearMark(let bits):
            append(.meta(NFT_META_MARK, into: .first), .mask(.first, hostOctets(~bits)), .setMeta(NFT_META_MARK, from: .first))
        case .log(let prefix): append(Expression("log").with(NFTNL_EXPR_LOG_PREFIX, prefix))
        case .synProxy(let options): append(.synProxy(options))
        case .notrack: append(Expression("notrack"))
        case .counter: append(.counter)
        case .reject(.tcpReset): append(.reject(NFT_REJECT_TCP_RST, code: 0))
        case .reject(.administrativelyProhibited):
            append(.reject(NFT_REJECT_ICMPX_UNREACH, code: UInt8(NFT_REJECT_ICMPX_ADMIN_PROHIBITED.rawValue)))
        case .verdict(let verdict): append(verdict.expression)
        case .unknown(let text): preconditionFailure("a rule that is not ours cannot be sent: \(text)")
        }
    }
}

extension Rule {
    /// nft puts the match that `reject with tcp reset` needs before everything else, unless the rule has one.
    fileprivate var needsTCP: Bool {
        guard statements.contains(.reject(.tcpReset)) else { return false }
        return !statements.contains { if case .tcpFlags = $0 { true } else { $0 == .transport(.tcp) } }
    }
}

extension RuleVerdict {
    fileprivate var expression: Expression {
        switch self {
        case .accept: .verdict(NF_ACCEPT)
        case .drop: .verdict(NF_DROP)
        case .jump(let chain): .verdict(NFT_JUMP.rawValue, chain: chain)
        case .goto(let chain): .verdict(NFT_GOTO.rawValue, chain: chain)
        }
    }
}
