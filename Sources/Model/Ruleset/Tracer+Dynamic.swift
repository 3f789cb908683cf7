extension Tracer {
    /// Statements that ask or change what packets have left behind.
    func remembering(_ statement: Statement, _ place: RulePlace, _ way: Way) -> [Effect] {
        switch statement {
        case .rate(let rate, let isOver):
            var way = way
            return [way.state.take(rate, of: place) == isOver ? .miss(way) : Effect(way: way)]
        case .rateOver(let rate, let key, let set):
            return adding(key, to: set, place.table, way) { way, key, set in way.state.take(rate, of: key, in: set) }
        case .connectionsOver(let count, let key, let set):
            return adding(key, to: set, place.table, way, renews: false) { way, key, set in
                way.counted.append((set, key))
                return way.state.count(way.flow, with: key, in: set) <= Int(count)
            }
        case .note(let key, let set): return adding(key, to: set, place.table, way)
        case .remember(let key, let map, let value, let seconds):
            guard let octets = octets(value, way, isPadded: false) else { return [.miss(way)] }
            return adding(key, to: map, place.table, way, value: octets, seconds: seconds)
        case .forget(let key, let map, _):
            return each(key, way) { way, key in .changed(way, nil) { $0.state.remove(key, from: .init(table: place.table, name: map)) } }
        default: preconditionFailure("only statements that remember")
        }
    }

    /// `isEnough`: what the element's own expression says; when it does, the rule ends like a failed match.
    private func adding(
        _ key: Key, to name: String, _ table: TableFamily, _ way: Way, value: [UInt8] = [], seconds: UInt32? = nil, renews: Bool = true,
        unless isEnough: (inout Way, [UInt8], DynamicState.SetName) -> Bool = { _, _, _ in false }
    ) -> [Effect] {
        guard let limits = ruleset[table]?.set(name)?.type.dynamic else {
            preconditionFailure("set \(name) is dynamic, or the kernel had refused")
        }
        let set = DynamicState.SetName(table: table, name: name)
        return each(key, way) { way, key in
            var way = way
            guard way.state.add(key, value: value, to: set, limits: limits, seconds: seconds, renews: renews) else { return .miss(way) }
            return isEnough(&way, key, set) ? .miss(way) : Effect(way: way)
        }
    }
}
