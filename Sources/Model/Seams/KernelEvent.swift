import NetTypes

/// What the kernel tells us without being asked.
public enum KernelEvent: Sendable, Equatable {
    /// A transaction on nf_tables has been committed, ours or another's.
    case generation(UInt32, author: Author)
    /// A neighbour is reachable at a MAC, or no longer (nil).
    case neighbour(IPAddress, device: UInt32, MACAddress?)
    case link(LinkState)
    case linkGone(index: UInt32)
    case address(IPAddress, device: UInt32, isPresent: Bool)
    /// Some route changed: ask again where it matters.
    case routes
    /// Messages were lost (ENOBUFS): everything of this source has to be read again.
    case overrun(Source)

    public enum Source: String, Sendable, Equatable { case tables, network }

    /// Who committed (NFTA_GEN_PROC_PID, NFTA_GEN_PROC_NAME).
    public struct Author: Sendable, Equatable, CustomStringConvertible {
        public let processID: UInt32
        public let name: String
        public init(processID: UInt32, name: String) { (self.processID, self.name) = (processID, name) }
        public var description: String { "\(name)[\(processID)]" }
    }
}

/// A network device and whether frames can leave by it.
public struct LinkState: Sendable, Equatable {
    public let device: NetworkDevice
    /// Nil for devices without Ethernet addresses.
    public let mac: MACAddress?
    /// Administratively up with a carrier.
    public let isUp: Bool
    public let isLoopback: Bool

    public init(device: NetworkDevice, mac: MACAddress?, isUp: Bool, isLoopback: Bool) {
        (self.device, self.mac, self.isUp, self.isLoopback) = (device, mac, isUp, isLoopback)
    }
}

/// Notices of transactions on nf_tables, which can be turned off.
///
/// While anybody listens, the kernel writes a message for every element of a batch: 15 µs each, 2 s for 127 000 elements.
public protocol TableNotices: AnyObject, Sendable {
    func follow(_ isOn: Bool) throws(DriverError)
}

/// The host's links, neighbours and routes, as far as dsr needs them.
public struct NetworkView: Sendable, Equatable {
    public var links: [UInt32: LinkState]
    /// Valid neighbours only; never a zero MAC.
    public var neighbours: [Neighbour: MACAddress]

    public struct Neighbour: Sendable, Hashable {
        public let address: IPAddress
        public let device: UInt32
        public init(address: IPAddress, device: UInt32) { (self.address, self.device) = (address, device) }
    }

    public init(links: [UInt32: LinkState] = [:], neighbours: [Neighbour: MACAddress] = [:]) {
        (self.links, self.neighbours) = (links, neighbours)
    }
}

/// Reads the host's network and follows it.
public protocol NetworkObserver: AnyObject, Sendable {
    /// Everything as it is now.
    func read() throws -> NetworkView
    /// The device by which packets to `address` leave if it is on-link; nil when it is behind a router or unreachable.
    func onLinkDevice(to address: IPAddress) throws -> UInt32?
    /// Asks the kernel to resolve the address (ARP, neighbour solicitation); the answer comes as an event.
    func resolve(_ address: IPAddress, device: UInt32) throws
    /// Whether the host forwards packets of the family; nil where it does not say.
    func isForwarding(_ family: AddressFamily) -> Bool?
}

/// Forgets connections of backends that are out, so that their clients are balanced anew.
public protocol ConnectionForgetter: AnyObject, Sendable {
    /// Deletes the half-open TCP and all UDP entries that were translated to the backends, and of those with `isReset` all; returns how many.
    /// Blocks for as long as the kernel walks its table, once for all of them.
    func forgetUnanswered(_ backends: Set<DeadBackend>) throws -> Int
}

/// Whose connections are forgotten: the half-open ones unless told otherwise.
public struct DeadBackend: Sendable, Hashable {
    public let address: IPAddress
    /// Nil: every port.
    public let port: UInt16?
    public let transport: TransportProtocol
    /// By which its connections came: those of other farms to the same server live on. Nil: any.
    public let entrance: Entrance?
    /// Established connections are forgotten, too.
    public let isReset: Bool

    /// What clients connect to.
    public struct Entrance: Sendable, Hashable {
        public let address: IPAddress
        /// Empty: every port.
        public let ports: [PortRange]
        public init(address: IPAddress, ports: [PortRange]) { (self.address, self.ports) = (address, ports) }

        public func leads(_ endpoint: Endpoint) -> Bool {
            endpoint.address == address && (ports.isEmpty || ports.contains { $0.contains(endpoint.port) })
        }
    }

    public init(address: IPAddress, port: UInt16?, transport: TransportProtocol, by entrance: Entrance? = nil, isReset: Bool = false) {
        (self.address, self.port, self.transport, self.entrance, self.isReset) = (address, port, transport, entrance, isReset)
    }
}

/// What connections were made to, and what they were translated to.
public struct ConnectionTarget: Sendable, Hashable {
    /// As the client sees it.
    public let listener: Endpoint
    /// The backend that answers.
    public let endpoint: Endpoint
    public let transport: TransportProtocol
    public init(listener: Endpoint, endpoint: Endpoint, transport: TransportProtocol) {
        (self.listener, self.endpoint, self.transport) = (listener, endpoint, transport)
    }
}

/// Counts the connections of all backends in one walk over the kernel's table.
public protocol ConnectionCounter: AnyObject, Sendable {
    /// Connections by target, without TCP connections that have ended. Blocks for as long as the kernel walks its table.
    func counts() throws -> [ConnectionTarget: Int]
}
