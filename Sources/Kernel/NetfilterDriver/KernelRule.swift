import CNetfilter
import Ruleset

/// A rule as the kernel dumps it, in a form that can be compared with one of our own encoding.
struct KernelRule {
    let chain: String
    let text: String
    let counter: RuleCounter?
}

extension KernelRule {
    init(parsing header: UnsafePointer<nlmsghdr>) {
        let rule = nftnl_rule_alloc()
        defer { nftnl_rule_free(rule) }
        guard let rule, nftnl_rule_nlmsg_parse(header, rule) >= 0 else {
            (chain, text, counter) = ("", "a rule that libnftnl cannot read", nil)
            return
        }
        chain = nftnl_rule_get_str(rule, UInt16(NFTNL_RULE_CHAIN.rawValue)).map { String(cString: $0) } ?? ""
        var (lines, counter): ([String], RuleCounter?) = ([], nil)
        forEachExpression(of: rule) { expression in
            if let line = NormalForm.line(expression) { lines.append(line) }
            counter = counter ?? Self.counter(expression)
        }
        (text, self.counter) = (lines.joined(separator: "\n"), counter)
    }

    private static func counter(_ expression: OpaquePointer) -> RuleCounter? {
        guard NormalForm.name(expression) == "counter" else { return nil }
        return RuleCounter(
            packets: nftnl_expr_get_u64(expression, UInt16(NFTNL_EXPR_CTR_PACKETS)),
            bytes: nftnl_expr_get_u64(expression, UInt16(NFTNL_EXPR_CTR_BYTES)))
    }
}

private func forEachExpression(of rule: OpaquePointer, _ body: (OpaquePointer) -> Void) {
    guard let iterator = nftnl_expr_iter_create(rule) else { return }
    defer { nftnl_expr_iter_destroy(iterator) }
    while let expression = nftnl_expr_iter_next(iterator) { body(expression) }
}

/// One line for each expression: libnftnl's words without what differs between a rule sent and the same rule dumped.
enum NormalForm {
    static func text(_ expressions: [Expression]) -> String {
        expressions.compactMap { line($0.pointer) }.joined(separator: "\n")
    }

    static func name(_ expression: OpaquePointer) -> String {
        nftnl_expr_get_str(expression, UInt16(NFTNL_EXPR_NAME)).map { String(cString: $0) } ?? ""
    }

    /// Nil for an expression that does nothing.
    static func line(_ expression: OpaquePointer) -> String? {
        let name = name(expression)
        return switch name {
        case "counter": "counter"
        case "nat": nat(expression)
        case "lookup": lookup(expression)
        case "byteorder" where number(expression, NFTNL_EXPR_BYTEORDER_LEN) < number(expression, NFTNL_EXPR_BYTEORDER_SIZE):
            // nft writes it for one-octet fields of ranges, where there is nothing to turn.
            nil
        default: "\(name) \(print(expression))"
        }
    }

    /// The kernel tells flags that nobody has set.
    private static func lookup(_ expression: OpaquePointer) -> String {
        let set = nftnl_expr_get_str(expression, UInt16(NFTNL_EXPR_LOOKUP_SET)).map { String(cString: $0) } ?? ""
        let hasResult = nftnl_expr_is_set(expression, UInt16(NFTNL_EXPR_LOOKUP_DREG))
        let result = hasResult ? " => reg \(number(expression, NFTNL_EXPR_LOOKUP_DREG))" : ""
        let flags = number(expression, NFTNL_EXPR_LOOKUP_FLAGS)
        return "lookup reg \(number(expression, NFTNL_EXPR_LOOKUP_SREG)) in \(set)\(result)\(flags == 0 ? "" : " flags \(flags)")"
    }

    /// The kernel adds upper bounds that are the lower ones, and flags that say which bounds are there.
    private static func nat(_ expression: OpaquePointer) -> String {
        func pair(_ low: Int, _ high: Int) -> String {
            let (first, last) = (number(expression, low), number(expression, high))
            return last == 0 || last == first ? "\(first)" : "\(first)-\(last)"
        }
        let known = UInt32(NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED)
        return """
            nat type \(number(expression, NFTNL_EXPR_NAT_TYPE)) family \(number(expression, NFTNL_EXPR_NAT_FAMILY)) \
            address \(pair(NFTNL_EXPR_NAT_REG_ADDR_MIN, NFTNL_EXPR_NAT_REG_ADDR_MAX)) \
            port \(pair(NFTNL_EXPR_NAT_REG_PROTO_MIN, NFTNL_EXPR_NAT_REG_PROTO_MAX)) \
            flags \(number(expression, NFTNL_EXPR_NAT_FLAGS) & ~known)
            """
    }

    private static func number(_ expression: OpaquePointer, _ attribute: Int) -> UInt32 {
        nftnl_expr_is_set(expression, UInt16(attribute)) ? nftnl_expr_get_u32(expression, UInt16(attribute)) : 0
    }

    private static func print(_ expression: OpaquePointer) -> String {
        var buffer = [CChar](repeating: 0, count: 1024)
        nftnl_expr_snprintf(&buffer, buffer.count, expression, UInt32(NFTNL_OUTPUT_DEFAULT.rawValue), 0)
        return String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

/// Knows the rules that we expect in a table by their normal form.
struct RuleRecogniser {
    private var rules: [String: [String: Rule]] = [:]

    init(_ table: Table, isInterval: (TableFamily, String) -> Bool) {
        for chain in table.chains {
            for rule in chain.rules {
                let text = withoutActuallyEscaping(isInterval) { isInterval in
                    let expressions = RuleEncoder.expressions(rule, in: table.family) { isInterval(table.family, $0) }
                    defer { for expression in expressions { nftnl_expr_free(expression.pointer) } }
                    return NormalForm.text(expressions)
                }
                rules[chain.name, default: [:]][text] = rules[chain.name]?[text] ?? rule
            }
        }
    }

    func recognise(_ rule: KernelRule) -> (chain: String, rule: Rule) {
        (rule.chain, rules[rule.chain]?[rule.text] ?? Rule(.unknown(rule.text)))
    }
}
