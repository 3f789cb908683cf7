import Glibc

/// Where a command writes. Tests put their own in its place.
public struct Console: Sendable {
    @TaskLocal public static var current = Console.terminal

    /// To standard output.
    public var write: @Sendable (String) -> Void
    /// To standard error.
    public var complain: @Sendable (String) -> Void
    public var isColoured: Bool
    public var isErrorColoured: Bool

    public init(
        isColoured: Bool = false, isErrorColoured: Bool = false, write: @escaping @Sendable (String) -> Void,
        complain: @escaping @Sendable (String) -> Void
    ) {
        (self.write, self.complain) = (write, complain)
        (self.isColoured, self.isErrorColoured) = (isColoured, isErrorColoured)
    }

    public static let terminal = Console(
        isColoured: wantsColour(on: STDOUT_FILENO), isErrorColoured: wantsColour(on: STDERR_FILENO),
        write: { put($0, on: STDOUT_FILENO) }, complain: { put($0, on: STDERR_FILENO) }
    )

    /// no-color.org: any non-empty value of `NO_COLOR` means no.
    private static func wantsColour(on descriptor: Int32) -> Bool {
        isatty(descriptor) == 1 && (environment("NO_COLOR") ?? "").isEmpty && environment("TERM") != "dumb"
    }

    /// Unbuffered, so that each event of `monitor` is out when it is printed.
    private static func put(_ text: String, on descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // The reader has gone (`lbctl rules | head`): leave as a signal would have it, without a word.
            guard count > 0 else { exit(128 + SIGPIPE) }
            rest = rest.dropFirst(count)
        }
    }
}

/// Nil when unset.
func environment(_ name: String) -> String? {
    getenv(name).map { String(cString: $0) }
}
