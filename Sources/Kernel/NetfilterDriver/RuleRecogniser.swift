import CNetfilter
import Ruleset

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
