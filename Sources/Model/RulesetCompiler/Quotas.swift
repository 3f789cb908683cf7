/// How many of `slots` each weight deserves, by largest remainder: the sum is exact and each share is off by less than one slot.
///
/// Equal remainders go to the earlier entry, so the caller's order has to come from content.
func quotas(of weights: [Int], slots: Int) -> [Int] {
    let total = weights.reduce(0, +)
    guard total > 0 else { return weights.map { _ in 0 } }
    var result = weights.map { $0 * slots / total }
    let byRemainder = weights.indices.sorted { left, right in
        let (a, b) = (weights[left] * slots % total, weights[right] * slots % total)
        return a == b ? left < right : a > b
    }
    for index in byRemainder.prefix(slots - result.reduce(0, +)) { result[index] += 1 }
    return result
}
