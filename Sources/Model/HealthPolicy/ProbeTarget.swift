import FarmModel
import NetTypes

/// What is probed and how: two farms that ask for the same share one probe.
public struct ProbeTarget: Sendable, Hashable {
    public let address: IPAddress
    public let port: UInt16
    public let check: HealthCheck

    public init(address: IPAddress, port: UInt16, check: HealthCheck) {
        (self.address, self.port, self.check) = (address, port, check)
    }

    public var endpoint: Endpoint { Endpoint(address: address, port: port) }

    /// By place, then by interval: the order in which phases are handed out, so that equal sets are probed alike.
    public static func precedes(_ left: ProbeTarget, _ right: ProbeTarget) -> Bool {
        left.endpoint == right.endpoint ? left.check.interval < right.check.interval : left.endpoint < right.endpoint
    }
}
