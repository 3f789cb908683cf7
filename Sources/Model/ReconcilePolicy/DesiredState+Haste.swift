import RulesetCompiler

/// When backends turn by the hundred (docs/design/haste.md).
extension DesiredState {
    /// What is less takes some milliseconds.
    public static let usualMany = 64
    private static let manySlots = 32_768

    func isMuch(_ turns: [VerdictNews.Turn], _ farms: Set<String>) -> Bool {
        turns.count >= manyTurns || farms.reduce(0) { $0 + tableSize(of: $1) } >= Self.manySlots
    }

    /// Deals slots as they should be, farm by farm until so many are dealt. Each farm has its turn, also where some come again and again.
    public mutating func dealMakeshift(slots: Int) {
        var (names, count): (Set<String>, Int) = ([], 0)
        let all = makeshift.sorted()
        for name in all.filter({ $0 > lastDealt }) + all.filter({ $0 <= lastDealt }) where count < slots {
            names.insert(name)
            count += tableSize(of: name)
            lastDealt = name
        }
        recompile(names)
    }
}
