/// A share from 0 to 1 as per cent: `33.3%`, `0%`, `100%`.
func percent(_ share: Double) -> String {
    guard share.isFinite else { return "-" }
    let tenths = Int((min(max(share, 0), 1) * 1000).rounded())
    // A little is not nothing, and nearly all is not all.
    if tenths == 0, share > 0 { return "<0.1%" }
    if tenths == 1000, share < 1 { return ">99.9%" }
    return tenths.isMultiple(of: 10) ? "\(tenths / 10)%" : "\(tenths / 10).\(tenths % 10)%"
}
