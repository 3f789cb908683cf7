/// Shares that sum to 1; even ones when there is nothing to share by.
func normalized(_ shares: [Double]) -> [Double] {
    let total = shares.reduce(0, +)
    return total > 0 ? shares.map { $0 / total } : shares.map { _ in 1 / Double(shares.count) }
}

/// The shares of one pour that level what stands in vessels: `standing[i] + gain[i] · share[i]` becomes the same per weight wherever the
/// share is above 0, and no vessel that is above the level gets any. Weights and gains are above 0; the shares sum to 1.
func poured(over standing: [Double], weights: [Double], gain: [Double]) -> [Double] {
    let order = standing.indices.sorted { standing[$0] / weights[$0] < standing[$1] / weights[$1] }
    var (volume, width, level) = (1.0, 0.0, 0.0)
    for (position, index) in order.enumerated() {
        volume += standing[index] / gain[index]
        width += weights[index] / gain[index]
        level = volume / width
        guard position + 1 < order.count else { break }
        let next = order[position + 1]
        if level <= standing[next] / weights[next] { break }
    }
    return normalized(standing.indices.map { max(0, (weights[$0] * level - standing[$0]) / gain[$0]) })
}

/// Whole slots for the shares. One that is off by at most three quarters of a slot, or by the part `slack` of its share, stays as it was
/// where the others allow it.
func apportioned(_ shares: [Double], slots: Int, keeping previous: [Int?], slack: Double) -> [Int] {
    let exact = shares.map { $0 * Double(slots) }
    var result = zip(exact, previous).map { exact, held in
        if let held, abs(exact - Double(held)) <= max(0.75, slack * exact) { held } else { Int(exact.rounded()) }
    }
    var missing = slots - result.reduce(0, +)
    let step = missing > 0 ? 1 : -1
    while missing != 0 {
        // The one that is furthest from its share on the side where something is to be had.
        let candidates = result.indices.filter { step > 0 || result[$0] > 0 }
        guard
            let index = candidates.max(by: { left, right in
                let (a, b) = (exact[left] - Double(result[left]), exact[right] - Double(result[right]))
                return step > 0 ? a < b : a > b
            })
        else { break }
        result[index] += step
        missing -= step
    }
    return result
}
