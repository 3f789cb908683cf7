/// A regular expression over bytes whose cost is known: at most 128 steps a byte and 2 KiB of state, whatever the pattern and the bytes.
///
/// The usual engines backtrack and take exponential time on some pairs of pattern and text; an answer comes from outside, so that is not
/// to be had. This is the position automaton (Glushkov, 1961): one bit for each character or class, no back-references, no captures.
///
/// Understood: characters, `.` (any byte but a line feed), `[a-z]`, `[^…]`, `\d \w \s \D \W \S`, `\n \r \t`, `\` before punctuation,
/// `( )`, `(?: )`, `|`, `* + ? {m} {m,} {m,n}`, `^` at the beginning and `$` at the end of the whole.
public struct BytePattern: Sendable, Hashable, CustomStringConvertible {
    /// Characters and classes after repetitions are written out.
    public static let mostPositions = 128

    public let description: String
    let automaton: Automaton

    public init(_ text: String) throws(PatternFault) {
        var parser = PatternParser(text)
        let (root, isAtStart, isAtEnd) = try parser.parse()
        description = text
        automaton = try Automaton(root, isAtStart: isAtStart, isAtEnd: isAtEnd)
    }

    public static func == (left: Self, right: Self) -> Bool { left.description == right.description }
    public func hash(into hasher: inout Hasher) { hasher.combine(description) }

    public func search() -> PatternSearch { PatternSearch(automaton) }

    /// Whether the pattern occurs in the whole of `bytes`.
    public func occurs(in bytes: some Sequence<UInt8>) -> Bool {
        var search = search()
        for byte in bytes { search.take(byte) }
        return search.isMatchAtEnd
    }
}

/// Why a text is no pattern.
public struct PatternFault: Error, Hashable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// A search under way: bytes in, whether the pattern has occurred out.
public struct PatternSearch: Sendable {
    private let automaton: Automaton
    private var active: UInt128 = 0
    private var isAtStart = true
    /// The pattern has occurred, and no further byte changes that.
    public private(set) var isFound: Bool

    init(_ automaton: Automaton) {
        self.automaton = automaton
        isFound = automaton.isNullable && !automaton.isAtEnd
    }

    /// The answer if no byte follows.
    public var isMatchAtEnd: Bool {
        if isFound || active & automaton.last != 0 { return true }
        return automaton.isNullable && (isAtStart || !automaton.isAtStart)
    }

    public mutating func take(_ byte: UInt8) {
        guard !isFound else { return }
        var next = isAtStart || !automaton.isAtStart ? automaton.first : 0
        isAtStart = false
        while active != 0 {
            next |= automaton.follow[active.trailingZeroBitCount]
            active &= active - 1
        }
        active = next & automaton.accepting[Int(byte)]
        if active & automaton.last != 0, !automaton.isAtEnd { isFound = true }
    }
}

/// Which position may follow which, as one bit each.
final class Automaton: Sendable {
    let first, last: UInt128
    let isNullable, isAtStart, isAtEnd: Bool
    let follow: [UInt128]
    /// By byte.
    let accepting: [UInt128]

    init(_ root: PatternNode, isAtStart: Bool, isAtEnd: Bool) throws(PatternFault) {
        var builder = AutomatonBuilder()
        let whole = try builder.add(root)
        (first, last, isNullable) = (whole.first, whole.last, whole.isNullable)
        (self.isAtStart, self.isAtEnd) = (isAtStart, isAtEnd)
        (follow, accepting) = (builder.follow, builder.accepting)
    }
}

/// Where a part of a pattern may begin and end.
private struct Fragment {
    var first: UInt128 = 0
    var last: UInt128 = 0
    var isNullable = true
}

private struct AutomatonBuilder {
    var follow: [UInt128] = []
    var accepting = [UInt128](repeating: 0, count: 256)

    mutating func add(_ node: PatternNode) throws(PatternFault) -> Fragment {
        switch node {
        case .bytes(let set): return try add(set)
        case .sequence(let parts):
            var whole = Fragment()
            for part in parts { whole = join(whole, try add(part)) }
            return whole
        case .choice(let parts):
            var whole = Fragment(isNullable: false)
            for part in parts { whole = either(whole, try add(part)) }
            return whole
        case .repetition(let part, let least, let most): return try add(part, least, most)
        }
    }

    private mutating func add(_ set: Set<UInt8>) throws(PatternFault) -> Fragment {
        guard follow.count < BytePattern.mostPositions else {
            throw PatternFault("more than \(BytePattern.mostPositions) characters and classes, counted as often as they are repeated")
        }
        let bit = UInt128(1) << UInt128(follow.count)
        follow.append(0)
        for byte in set { accepting[Int(byte)] |= bit }
        return Fragment(first: bit, last: bit, isNullable: false)
    }

    /// Written out: `a{2,}` is `aaa*`, `a{1,3}` is `a(a(a)?)?`.
    private mutating func add(_ part: PatternNode, _ least: Int, _ most: Int?) throws(PatternFault) -> Fragment {
        var whole = Fragment()
        let count = follow.count
        for turn in 0..<max(least, most ?? least + 1) {
            var next = try add(part)
            // Nothing but the empty text: more of it is the same.
            if follow.count == count { return whole }
            if most == nil, turn == least { link(next.last, next.first) }
            if turn >= least { next.isNullable = true }
            whole = join(whole, next)
        }
        return whole
    }

    private mutating func join(_ left: Fragment, _ right: Fragment) -> Fragment {
        link(left.last, right.first)
        return Fragment(
            first: left.isNullable ? left.first | right.first : left.first, last: right.isNullable ? left.last | right.last : right.last,
            isNullable: left.isNullable && right.isNullable)
    }

    private func either(_ left: Fragment, _ right: Fragment) -> Fragment {
        Fragment(first: left.first | right.first, last: left.last | right.last, isNullable: left.isNullable || right.isNullable)
    }

    private mutating func link(_ ends: UInt128, _ starts: UInt128) {
        for position in follow.indices where ends >> UInt128(position) & 1 == 1 { follow[position] |= starts }
    }
}
