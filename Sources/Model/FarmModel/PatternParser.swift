/// What a pattern consists of.
indirect enum PatternNode {
    case bytes(Set<UInt8>)
    case sequence([PatternNode])
    case choice([PatternNode])
    /// At least and at most so often; nil for no bound.
    case repetition(PatternNode, Int, Int?)
}

/// Reads the text of a `BytePattern`.
struct PatternParser {
    /// Of parentheses, so that the parser's own stack is bounded.
    private static let deepest = 16

    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var isAtEnd = false
    /// Outside of all parentheses.
    private var hasAlternatives = false

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func parse() throws(PatternFault) -> (root: PatternNode, isAtStart: Bool, isAtEnd: Bool) {
        let isAtStart = skip("^")
        let root = try choice()
        guard position == scalars.count else { throw PatternFault("\")\" without \"(\"") }
        if hasAlternatives, isAtStart || isAtEnd {
            throw PatternFault("beside \"^\" and \"$\" alternatives belong into parentheses, as in ^(a|b)$")
        }
        return (root, isAtStart, isAtEnd)
    }

    private var next: Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func skip(_ scalar: Unicode.Scalar) -> Bool {
        guard next == scalar else { return false }
        position += 1
        return true
    }

    private mutating func choice() throws(PatternFault) -> PatternNode {
        var parts = [try sequence()]
        while skip("|") {
            if depth == 0 { hasAlternatives = true }
            parts.append(try sequence())
        }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence() throws(PatternFault) -> PatternNode {
        var parts: [PatternNode] = []
        while let scalar = next, scalar != "|", scalar != ")" {
            if scalar == "$" {
                guard position == scalars.count - 1, depth == 0 else {
                    throw PatternFault("\"$\" before the end; a dollar sign is \"\\$\"")
                }
                position += 1
                isAtEnd = true
            } else {
                parts.append(try repeated(try atom(scalar)))
            }
        }
        return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    private mutating func repeated(_ atom: PatternNode) throws(PatternFault) -> PatternNode {
        var whole = atom
        var isRepeated = false
        while let (least, most) = try bounds() {
            guard !isRepeated else { throw PatternFault("a repetition of a repetition; use parentheses") }
            isRepeated = true
            whole = .repetition(whole, least, most)
        }
        return whole
    }

    private mutating func bounds() throws(PatternFault) -> (Int, Int?)? {
        if skip("*") { return (0, nil) }
        if skip("+") { return (1, nil) }
        if skip("?") { return (0, 1) }
        guard skip("{") else { return nil }
        guard let least = number() else { throw PatternFault("\"{\" without a number; a brace is \"\\{\"") }
        var most: Int? = least
        if skip(",") { most = number() }
        guard skip("}") else { throw PatternFault("\"{\" without \"}\"") }
        guard most.map({ $0 >= least }) ?? true, max(least, most ?? 0) <= BytePattern.mostPositions else {
            throw PatternFault("repetitions are from 0 to \(BytePattern.mostPositions), the smaller number first")
        }
        return (least, most)
    }

    private mutating func number() -> Int? {
        let digits = scalars[position...].prefix(4).prefix { ("0"..."9").contains($0) }
        position += digits.count
        return Int(String(String.UnicodeScalarView(digits)))
    }

    private mutating func atom(_ scalar: Unicode.Scalar) throws(PatternFault) -> PatternNode {
        position += 1
        switch scalar {
        case "(": return try group()
        case "[": return .bytes(try characterClass())
        case ".": return .bytes(Self.all.subtracting([0x0A]))
        case "\\": return .bytes(try escape())
        case "^": throw PatternFault("\"^\" behind the beginning; the character is \"\\^\"")
        case "*", "+", "?", "{": throw PatternFault("\"\(scalar)\" repeats nothing; the character is \"\\\(scalar)\"")
        default:
            let bytes = Array(String(scalar).utf8)
            return bytes.count == 1 ? .bytes([bytes[0]]) : .sequence(bytes.map { .bytes([$0]) })
        }
    }

    private mutating func group() throws(PatternFault) -> PatternNode {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw PatternFault("parentheses deeper than \(Self.deepest)") }
        if skip("?"), !skip(":") { throw PatternFault("of \"(?\" only \"(?:\" is known") }
        let inner = try choice()
        guard skip(")") else { throw PatternFault("\"(\" without \")\"") }
        return inner
    }
}

extension PatternParser {
    private static let all = Set(UInt8.min...UInt8.max)
    private static let digits = Set(UInt8(ascii: "0")...UInt8(ascii: "9"))
    private static let words = digits.union(UInt8(ascii: "a")...UInt8(ascii: "z")).union(UInt8(ascii: "A")...UInt8(ascii: "Z")).union([
        UInt8(ascii: "_")
    ])
    private static let blanks: Set<UInt8> = [0x20, 0x09, 0x0A, 0x0B, 0x0C, 0x0D]

    /// What stands behind a backslash.
    private mutating func escape() throws(PatternFault) -> Set<UInt8> {
        guard let scalar = next else { throw PatternFault("\"\\\" at the end") }
        position += 1
        switch scalar {
        case "d": return Self.digits
        case "D": return Self.all.subtracting(Self.digits)
        case "w": return Self.words
        case "W": return Self.all.subtracting(Self.words)
        case "s": return Self.blanks
        case "S": return Self.all.subtracting(Self.blanks)
        case "n": return [0x0A]
        case "r": return [0x0D]
        case "t": return [0x09]
        default:
            guard scalar.isASCII, !Self.words.contains(UInt8(scalar.value)) else { throw PatternFault("\"\\\(scalar)\" is not known") }
            return [UInt8(scalar.value)]
        }
    }

    /// Behind the opening bracket; a "]" in the first place stands for itself, as everywhere.
    private mutating func characterClass() throws(PatternFault) -> Set<UInt8> {
        let isNegated = skip("^")
        var (set, isFirst) = (Set<UInt8>(), true)
        while isFirst || next != "]" {
            let low = try classMember()
            if low.count == 1, let first = low.first, next == "-", position + 1 < scalars.count, scalars[position + 1] != "]" {
                position += 1
                let high = try classMember()
                guard high.count == 1, let last = high.first, first <= last else { throw PatternFault("a range in [ ] that is none") }
                set.formUnion(first...last)
            } else {
                set.formUnion(low)
            }
            isFirst = false
        }
        position += 1
        return isNegated ? Self.all.subtracting(set) : set
    }

    private mutating func classMember() throws(PatternFault) -> Set<UInt8> {
        guard let scalar = next else { throw PatternFault("\"[\" without \"]\"") }
        position += 1
        if scalar == "\\" { return try escape() }
        if scalar == "[", next == ":" { throw PatternFault("[:names:] are not known; use \\d, \\w or \\s") }
        guard scalar.isASCII else { throw PatternFault("in [ ] only ASCII can stand; write (é|è) for others") }
        return [UInt8(scalar.value)]
    }
}
