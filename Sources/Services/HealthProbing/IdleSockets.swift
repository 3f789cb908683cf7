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
    /// More are closed. As many are in use at a time as answers are under way, and those of a batch take less than its 10 ms.
    private static let limit = 256

    // Not a dictionary: each probe comes by twice.
    private var ipv4 = NumberQueue()
    private var ipv6 = NumberQueue()

    /// What they take of the process's descriptors.
    var count: Int { ipv4.count + ipv6.count }

    /// Ends the connection and keeps the socket; closes it where there is no room, or the kernel does not let go of the connection.
    mutating func put(_ descriptor: Int32, _ family: AddressFamily) {
        guard (family == .ipv4 ? ipv4.count : ipv6.count) < Self.limit, ProbeSocket.disconnect(descriptor) else {
            close(descriptor)
            return
        }
        if family == .ipv4 { ipv4.append(Int(descriptor)) } else { ipv6.append(Int(descriptor)) }
    }

    /// The one that has rested longest: where the reset of a connection was lost, its target is not soon met from the same port again.
    mutating func take(_ family: AddressFamily) -> Int32? { (family == .ipv4 ? ipv4.popFirst() : ipv6.popFirst()).map(Int32.init) }

    /// Gives one up.
    mutating func closeOne() {
        for family in AddressFamily.allCases {
            if let descriptor = take(family) {
                close(descriptor)
                return
            }
        }
    }

    mutating func closeAll() { while count > 0 { closeOne() } }
}
