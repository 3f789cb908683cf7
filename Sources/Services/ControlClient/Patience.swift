/// How long a call waits without a sign of life from the daemon.
///
/// A call may take its time: reading a thousand farm files, walking a large conntrack table. A daemon that hangs or is stopped takes
/// connections all the same, as the kernel does that. What tells the two apart is `/healthz`, which no such work holds up.
public struct Patience: Sendable {
    /// From the beginning of a call, or from the last sign of life, until one is asked for.
    public var quiet: Duration
    /// For the sign of life.
    public var sign: Duration

    public init(quiet: Duration = .seconds(2), sign: Duration = .seconds(3)) { (self.quiet, self.sign) = (quiet, sign) }
}
