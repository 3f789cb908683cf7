extension Tracer {
    func run(_ chain: Chain, _ family: TableFamily, _ way: Way) -> [Way] {
        var ways = [way]
        for (index, rule) in chain.rules.enumerated() {
            let place = RulePlace(table: family, chain: chain.name, rule: index + 1)
            ways = ways.flatMap { $0.isDone ? [$0] : run(rule, place, $0) }
        }
        return ways
    }

    /// The ways out of one rule: it may match for some slots and not for others.
    private func run(_ rule: Rule, _ place: RulePlace, _ way: Way) -> [Way] {
        var (matching, left, gone): ([Way], [Way], [Way]) = ([way], [], [])
        for statement in rule.statements {
            var next: [Way] = []
            for effect in matching.flatMap({ step(statement, place, $0) }) {
                guard effect.matches else {
                    left.append(effect.way)
                    continue
                }
                var way = effect.way
                if let words = effect.words {
                    way.steps.append(.init(table: place.table, chain: place.chain, rule: place.rule, text: rule.description, effect: words))
                }
                // A verdict is a rule's last statement.
                guard let target = effect.target else {
                    next.append(way)
                    continue
                }
                way.rules.append(place)
                gone += run(target, place.table, way, isGoto: effect.isGoto)
            }
            matching = next
        }
        for index in matching.indices { matching[index].rules.append(place) }
        return left + gone + matching
    }

    private func run(_ target: String, _ family: TableFamily, _ way: Way, isGoto: Bool) -> [Way] {
        guard let chain = ruleset[family]?.chain(target) else { preconditionFailure("chain \(target) exists, or the kernel had refused") }
        return run(chain, family, way).map { way in
            var way = way
            if isGoto { way.isDone = true }
            return way
        }
    }
}

/// What a statement does to a way.
struct Effect {
    var way: Way
    var matches = true
    /// For people; nil when there is nothing to say.
    var words: String?
    var target: String?
    var isGoto = false

    static func miss(_ way: Way) -> Effect { Effect(way: way, matches: false) }

    static func changed(_ way: Way, _ words: String?, _ change: (inout Way) -> Void) -> Effect {
        var way = way
        change(&way)
        return Effect(way: way, words: words)
    }

    static func ended(_ way: Way, _ fate: PacketFate, _ words: String) -> Effect {
        changed(way, words) { ($0.end, $0.isDone) = (fate, true) }
    }

    static func goto(_ chain: String, _ way: Way) -> Effect { Effect(way: way, words: "goto \(chain)", target: chain, isGoto: true) }
    static func accept(_ way: Way) -> Effect { changed(way, "accept") { $0.isDone = true } }
}
