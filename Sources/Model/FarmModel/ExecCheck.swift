/// A program that probes.
public struct ExecCheck: Sendable, Hashable {
    /// The program's absolute path and its arguments; `{address}` and `{port}` stand for what is probed. At least one.
    public var command: [String]
    /// A user of this host, by its name in /etc/passwd.
    public var user: String
    public var convention: Convention
    /// How many programs of this check may run at a time before the next one has to wait, 1 or more.
    public var maxParallel: Int

    public init(command: [String], user: String = "nobody", convention: Convention = .nagios, maxParallel: Int = 16) {
        (self.command, self.user, self.convention, self.maxParallel) = (command, user, convention, maxParallel)
    }

    /// What exit codes mean.
    public enum Convention: String, Sendable, Hashable, CaseIterable {
        /// 0 ok, 1 warning, 2 critical, anything else unknown.
        case nagios
        /// 0 ok, 1 failed, 2–255 ok with a weight of two less.
        case keepalived
    }
}
