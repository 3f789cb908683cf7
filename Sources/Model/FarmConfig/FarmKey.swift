/// A key of a farm file as the table describes it.
public final class FarmKey: Sendable {
    /// `farm.health.fall`: as `lbctl explain` takes it.
    public let path: String
    /// What is written before the colon.
    public let name: String
    /// What applies when the key is left out, as text; nil for none.
    public let defaultText: String?
    public let meaning: String
    public let isRequired: Bool
    let type: ValueType
    /// Keys of the mapping that this key holds.
    let keys: [FarmKey]

    init(
        _ path: String, _ type: ValueType, default defaultText: String? = nil, isRequired: Bool = false, _ meaning: String,
        keys: [FarmKey] = []
    ) {
        self.path = path
        self.name = path.split(separator: ".").last.map(String.init) ?? path
        self.type = type
        self.defaultText = defaultText
        self.isRequired = isRequired
        self.meaning = meaning
        self.keys = keys
    }

    /// A key that a later version will know.
    static func later(_ path: String, _ meaning: String) -> FarmKey { FarmKey(path, .notYet, meaning) }

    /// False for keys that are refused with "not supported yet".
    public var isSupported: Bool { if case .notYet = type { false } else { true } }

    func key(_ name: String) -> FarmKey? { keys.first { $0.name == name } }
}

/// What may stand after a key. The decoder takes its bounds and words from here, and so does the JSON Schema.
indirect enum ValueType: Sendable {
    case text(TextForm)
    case choice([Choice])
    case integer(ClosedRange<Int>)
    /// `50` or `50%`
    case percent(ClosedRange<Int>)
    case duration
    /// The same in whole seconds, as the kernel ages what it remembers.
    case seconds
    /// So many a unit of time.
    case rate
    /// On, off or a rate.
    case switchOrRate
    case boolean
    /// 32 bits, not all of them 0; decimal or hexadecimal.
    case mark
    /// An address or a prefix in canonical form.
    case network
    case address
    /// One port, as a number.
    case port
    /// A number or "first-last".
    case portOrRange
    /// Those, or a list of them.
    case ports
    /// "auto" or one of these numbers.
    case size([Int])
    /// A code, "first-last" or a list of those.
    case statusCodes
    case list(ValueType, atMost: Int)
    case oneOrList(ValueType, atMost: Int)
    /// "all", "any" or a number.
    case requirement(atMost: Int)
    case section
    /// Text in a short form, or a mapping.
    case shortOrSection(ShortForm)
    case notYet
}

/// A word that a key takes.
struct Choice: Sendable {
    let word: String
    let isSupported: Bool

    static func word(_ word: String) -> Choice { Choice(word: word, isSupported: true) }
    static func later(_ word: String) -> Choice { Choice(word: word, isSupported: false) }
}

/// Shorthand for the mapping of a listener, backend or rate.
struct ShortForm: Sendable {
    let example: String
    /// ECMA 262, for editors; the decoder is more exact.
    let pattern: String

    static let rate = ShortForm(example: "20/s", pattern: RateText.pattern)
    static let listener = ShortForm(example: "203.0.113.10:80/tcp", pattern: #"^(\[[0-9A-Fa-f:.]+\]|[0-9.]+)(:[0-9,-]+(/[a-z]+)?|/all)$"#)
    static let backend = ShortForm(example: "10.0.1.11:8080", pattern: #"^(\[[0-9A-Fa-f:.]+\]|[0-9.]+)(:[0-9-]+)?$"#)
}
