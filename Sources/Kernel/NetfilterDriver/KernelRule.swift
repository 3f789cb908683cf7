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
