/// One thing that is wrong with a farm file, at its place and with a remedy.
public struct ConfigFault: Error, Sendable, Hashable {
    public let code: FaultCode
    /// What is wrong, in one line; text from the file is quoted and escaped.
    public let message: String
    public let place: SourcePlace
    /// The line of the file at `place`, without its end; of a very long line the part about the place.
    public let sourceLine: String
    /// The column of `place` in `sourceLine`.
    public let sourceColumn: Int
    /// What to do about it.
    public let hint: String?
    /// Other places that belong to the fault.
    public let related: [RelatedPlace]
    /// The key that `lbctl explain` knows more about.
    public let explainKey: String?

    /// A second place, say the other farm that claims a listener.
    public struct RelatedPlace: Sendable, Hashable {
        public let place: SourcePlace
        public let message: String
    }
}

extension ConfigFault: CustomStringConvertible {
    /// One line, for logs: `farms.d/web.yaml:14:1: error[E012]: unknown key "sheduler" (did you mean "scheduler"?)`
    public var description: String {
        "\(place): error[\(code.rawValue)]: \(message)" + (hint.map { " (\($0))" } ?? "")
            + related.map { "; \($0.place): \($0.message)" }.joined()
    }
}
