/// Bytes that are sent, and bytes that have to occur in what comes back; each may be empty.
public struct SendExpect: Sendable, Hashable {
    public var send: [UInt8]
    public var expect: [UInt8]

    public init(send: [UInt8] = [], expect: [UInt8] = []) { (self.send, self.expect) = (send, expect) }
}
