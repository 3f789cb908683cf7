/// splitmix64: the same numbers on every machine for a seed.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64
    public init(seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }
}

extension SeededGenerator {
    public mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    /// True so many times in a hundred.
    public mutating func chance(_ percent: Int) -> Bool { number(0...99) < percent }

    public mutating func pick<Element>(_ all: [Element]) -> Element {
        guard let one = all.randomElement(using: &self) else { preconditionFailure("there is something to choose from") }
        return one
    }
}
