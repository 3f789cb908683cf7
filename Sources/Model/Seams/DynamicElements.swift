import Ruleset

/// What packets have put into a dynamic set, as one reading found it.
public struct DynamicElements: Sendable, Equatable {
    public let rows: ElementTable
    /// By row: the time until it leaves unless it is renewed, in whole milliseconds; nil where it stays.
    public let remaining: [Duration?]

    public init(rows: ElementTable, remaining: [Duration?]) {
        precondition(rows.count == remaining.count, "a time for each row expected")
        (self.rows, self.remaining) = (rows, remaining)
    }
}
