/// Why the control socket cannot be had.
public struct ControlSocketFault: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable { case inUse, notASocket, unusablePath }
    public let kind: Kind
    public let description: String

    init(_ kind: Kind, _ description: String) { (self.kind, self.description) = (kind, description) }
}
