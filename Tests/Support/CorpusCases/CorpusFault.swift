/// What is wrong with a case as it is written down.
public struct CorpusFault: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
