/// Hands out the phases of targets, so that any number of them is spread evenly and none moves when others come or go.
///
/// Number n gets the fractional part of n × 0.618…: by the three-distance theorem (Sós, 1958) the gaps between any N such points have at
/// most three lengths, which index ÷ N reaches only for one fixed N.
public struct ProbePhases: Sendable {
    private var freed: [Int] = []
    private var next = 0

    public init() {}

    /// The lowest numbers are in use as long as nothing is returned; returned ones are used again first.
    public mutating func take() -> (number: Int, phase: Double) {
        let number = freed.popLast() ?? next
        if number == next { next += 1 }
        return (number, Self.phase(of: number))
    }

    public mutating func giveBack(_ number: Int) { freed.append(number) }

    /// 2⁶⁴ ÷ golden ratio, multiplied modulo 2⁶⁴: the fraction without loss of precision for large numbers.
    static func phase(of number: Int) -> Double {
        Double((UInt64(number) &* 0x9E37_79B9_7F4A_7C15) >> 11) / Double(1 << 53)
    }
}
