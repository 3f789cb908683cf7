import HealthPolicy
import Testing

@Suite struct TierDecisionTests {
    /// Backends as letters, tier by tier: u usable, d down, ? not probed yet, h held, o out by the operator, n no way to it. Who serves
    /// stands in capitals or as "!".
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let backends: String
        let serving: String
        var quorum = 1
        var hysteresis = 0
        var threshold = 50
        var isPanic = false
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "all are up", backends: "uuu", serving: "UUU"),
        Case(name: "half is no panic", backends: "uudd", serving: "UUdd"),
        Case(name: "below half all are used", backends: "udd", serving: "UDD", isPanic: true),
        Case(name: "0 turns it off", backends: "uddddddddd", serving: "Uddddddddd", threshold: 0),
        Case(name: "100 wants all", backends: "uuuud", serving: "UUUUD", threshold: 100, isPanic: true),
        Case(name: "nobody healthy is no panic", backends: "ddd", serving: "ddd"),
        Case(name: "nobody answered yet is no panic", backends: "????", serving: "????"),
        Case(name: "the first answer is no panic", backends: "u???", serving: "U???"),
        Case(name: "bad first answers are none either", backends: "ud??????", serving: "Ud??????"),
        Case(name: "who is not known is not used in a panic", backends: "udd?ddd", serving: "UDD?DDD", isPanic: true),
        Case(name: "who is out by the operator does not count", backends: "uoooo", serving: "Uoooo"),
        Case(name: "nor is used in a panic", backends: "uddo", serving: "UDDo", isPanic: true),
        Case(name: "nor is whom no way leads to", backends: "unnd", serving: "UnnD", isPanic: true),
        Case(name: "who is held counts as down", backends: "uhh", serving: "UHH", isPanic: true),
        Case(name: "and waits while others do", backends: "uuh", serving: "UUh"),
        Case(name: "a hold never leaves a farm without anybody", backends: "hd", serving: "Hd"),
        Case(name: "a spare waits", backends: "uu u", serving: "UU u"),
        Case(name: "below the quorum the next tier joins", backends: "ud u", serving: "Ud U", quorum: 2),
        Case(name: "as many as it takes", backends: "d d u", serving: "d d U"),
        Case(name: "and no more", backends: "d u u", serving: "d U u"),
        Case(name: "before a panic the next tier joins", backends: "udd u", serving: "Udd U"),
        Case(name: "a dead tier before a whole one is no panic", backends: "dddd u", serving: "dddd U"),
        Case(name: "all tiers poor is a panic of all", backends: "ddd udd", serving: "DDD UDD", isPanic: true),
        Case(name: "without a threshold only the quorum counts", backends: "udd u", serving: "Udd u", threshold: 0),
        Case(name: "a tier without anybody is passed", backends: "o u", serving: "o U"),
        Case(name: "a tier not known yet lets the next one help", backends: "?? u", serving: "?? U"),
    ]

    @Test(arguments: cases) func whoServes(_ example: Case) {
        let decision = decide(example.backends, example)
        #expect(spelt(example.backends, decision) == example.serving)
        #expect(decision.isPanicking == example.isPanic)
    }

    @Test func aTierLeavesOnlyAboveTheHysteresis() {
        let rules = Case(name: "", backends: "", serving: "", quorum: 2, hysteresis: 1, threshold: 0)
        var decision: TierDecision?
        var seen: [String] = []
        for state in ["uuuu u", "uudd u", "uddd u", "uudd u", "uuud u", "uudd u"] {
            decision = decide(state, rules, after: decision)
            seen.append(decision.map { spelt(state, $0) } ?? "")
        }
        #expect(seen == ["UUUU u", "UUdd u", "Uddd U", "UUdd U", "UUUd u", "UUdd u"])
    }

    @Test func aDecisionSaysHowManyAreHealthy() {
        let decision = decide("uddo?", Case(name: "", backends: "", serving: ""))
        #expect(decision.healthy == 1 && decision.counted == 4)
    }

    private func decide(_ backends: String, _ rules: Case, after previous: TierDecision? = nil) -> TierDecision {
        let candidates = backends.split(separator: " ").enumerated().flatMap { tier, members in
            members.map { TierCandidate(priority: tier + 1, weight: 1, fitness: fitness($0)) }
        }
        let rules = TierDecision.Rules(quorum: rules.quorum, hysteresis: rules.hysteresis, panicThreshold: rules.threshold)
        return TierDecision(candidates, rules, previous: previous)
    }

    private func fitness(_ letter: Character) -> TierCandidate.Fitness {
        switch letter {
        case "u": .usable
        case "d": .down
        case "h": .held
        case "?": .unknown
        case "n": .out(counts: true)
        default: .out(counts: false)
        }
    }

    private func spelt(_ backends: String, _ decision: TierDecision) -> String {
        var position = 0
        return String(
            backends.map { letter in
                guard letter != " " else { return letter }
                position += 1
                return decision.serving[position - 1] ? Character(letter.uppercased()) : letter
            })
    }
}
