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
    /// Most connections that are kept between probes; the probes of more open theirs anew. At most three quarters of the descriptors.
    public var maxKept: Int
    /// Descriptors left to control, netlink and files.
    public var reservedDescriptors: Int
    /// Whether checks of type exec may run their programs.
    public var runsPrograms: Bool

    public init(
        sourcePorts: ClosedRange<UInt16> = 61000...65535, maxInFlight: Int = 16_384, maxKept: Int = 16_384, reservedDescriptors: Int = 512,
        runsPrograms: Bool = false
    ) {
        self.sourcePorts = sourcePorts
        self.maxInFlight = maxInFlight
        self.maxKept = maxKept
        self.reservedDescriptors = reservedDescriptors
        self.runsPrograms = runsPrograms
    }

    /// What of it the process can afford now.
    func bounds() -> ProbeBounds {
        var limit = rlimit()
        let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        let spare = max(1, isKnown ? Int(clamping: limit.rlim_cur) - reservedDescriptors : 256)
        return ProbeBounds(inFlight: max(1, min(maxInFlight, spare)), kept: min(maxKept, spare * 3 / 4), descriptors: spare)
    }
}

/// How many probes, kept connections and descriptors there may be. What is kept leaves a quarter of the descriptors to new connections.
struct ProbeBounds: Equatable {
    let inFlight, kept, descriptors: Int
}
