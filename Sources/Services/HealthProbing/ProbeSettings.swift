#if canImport(Glibc)
    import Glibc
#endif

/// How the loop uses the machine.
public struct ProbeSettings: Sendable, Hashable {
    /// Where probes come from, so that the ruleset can tell them from other traffic of this host. Outside of the range that the kernel
    /// gives to others by default (32768–60999).
    public var sourcePorts: ClosedRange<UInt16>
    /// Most probes at a time; more wait for their turn. At most what the descriptor limit leaves after `reservedDescriptors`.
    public var maxInFlight: Int
    /// Descriptors left to control, netlink and files.
    public var reservedDescriptors: Int

    public init(sourcePorts: ClosedRange<UInt16> = 61000...65535, maxInFlight: Int = 16_384, reservedDescriptors: Int = 512) {
        self.sourcePorts = sourcePorts
        self.maxInFlight = maxInFlight
        self.reservedDescriptors = reservedDescriptors
    }

    /// `maxInFlight` as far as the process may open descriptors now; at least 1.
    func affordableInFlight() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return min(maxInFlight, 256) }
        let spare = Int(clamping: limit.rlim_cur) - reservedDescriptors
        return max(1, min(maxInFlight, spare))
    }
}
