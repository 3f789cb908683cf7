/// What has been told to be nearly full: once, and once more when it has had room in between.
public struct FillAlarms: Sendable {
    /// Per cent of the limit from which on an alarm is raised.
    public static let percentage = 80
    private var raised: Set<String> = []

    public init() {}

    /// Whether an alarm is to be raised now. `limit` 0: there is none.
    public mutating func rings(_ name: String, count: Int, of limit: Int) -> Bool {
        guard limit > 0, count * 100 >= limit * Self.percentage else {
            raised.remove(name)
            return false
        }
        return raised.insert(name).inserted
    }
}
