import FarmModel

/// Text and pattern that have to occur in a body, looked for as its bytes come.
struct BodyExpectation {
    private var text: ByteSearch
    private var pattern: PatternSearch?

    init(_ check: HTTPCheck) {
        text = ByteSearch(Array((check.expectBody ?? "").utf8))
        pattern = check.expectPattern?.search()
    }

    mutating func take(_ byte: UInt8) {
        text.take(byte)
        pattern?.take(byte)
    }

    /// No further byte changes the answer.
    var isSettled: Bool { text.isFound && pattern?.isFound ?? true }

    /// By what has come; `$` of a pattern is the end of that.
    var isMet: Bool { text.isFound && pattern?.isMatchAtEnd ?? true }

    var words: String { text.isFound ? "expected pattern is not in the body" : "expected text is not in the body" }
}
