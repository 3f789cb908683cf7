import NetTypes

#if canImport(Glibc)
    import Glibc
#endif

/// Sockets whose connection has ended, for the next probes to begin from.
///
/// A connect to AF_UNSPEC resets the connection and leaves the socket as it was before, with its port and its place in the poller. That saves
/// making, binding, watching and closing one for each probe: 16 µs of CPU instead of 26 for a tcp probe (Linux 6.18, veth).
/// The poller knows such a socket by its descriptor, so `Borrowers` remembers whose it is.
struct IdleSockets {
    /// Sockets that any probe may begin from which would leave from the same address.
    private struct Pool {
        let source: IPAddress?
        var sockets = NumberQueue()
    }

    /// More of a pool are closed. As many are in use at a time as answers are under way, and those of a batch take less than its 10 ms.
    private static let limit = 256

    /// Hosts have few addresses towards their targets, but for targets that are addresses of the host: each of these is its own source.
    private static let mostPools = 64

    /// The first two leave the source to each connection. Not a dictionary: each probe comes by twice.
    private var pools = [Pool(source: nil), Pool(source: nil)]

    /// The number of the pool of sockets that are bound to no address.
    static func unbound(_ family: AddressFamily) -> Int { family == .ipv4 ? 0 : 1 }

    /// What they take of the process's descriptors.
    private(set) var count = 0

    /// The number of the pool of sockets that are bound to `source`, or, where there are too many, to none.
    mutating func pool(from source: IPAddress) -> Int {
        if let known = pools.firstIndex(where: { $0.source == source }) { return known }
        guard pools.count < Self.mostPools else { return Self.unbound(source.family) }
        pools.append(Pool(source: source))
        return pools.count - 1
    }

    /// Nil leaves the address to each connection.
    func source(of pool: Int) -> IPAddress? { pools[pool].source }

    /// Ends the connection and keeps the socket; closes it where there is no room, or the kernel does not let go of the connection.
    mutating func put(_ descriptor: Int32, _ pool: Int) {
        guard pools[pool].sockets.count < Self.limit, ProbeSocket.disconnect(descriptor) else {
            close(descriptor)
            return
        }
        pools[pool].sockets.append(Int(descriptor))
        count += 1
    }

    /// The one that has rested longest: where the reset of a connection was lost, its target is not soon met from the same port again.
    mutating func take(_ pool: Int) -> Int32? {
        guard let descriptor = pools[pool].sockets.popFirst() else { return nil }
        count -= 1
        return Int32(descriptor)
    }

    /// Gives one up, of the fullest pool: one that nobody takes from any more keeps none for good.
    mutating func closeOne() {
        let fullest = pools.indices.max { pools[$0].sockets.count < pools[$1].sockets.count }
        if let descriptor = fullest.flatMap({ take($0) }) { close(descriptor) }
    }

    mutating func closeAll() { while count > 0 { closeOne() } }
}
