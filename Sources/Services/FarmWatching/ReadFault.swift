import Glibc

/// A farm file or the directory of farm files that cannot be read.
public struct ReadFault: Error, Sendable, Hashable, CustomStringConvertible {
    public let path: String
    /// Why, in words.
    public let reason: String
    /// What to do about it.
    public let hint: String?

    public init(path: String, reason: String, hint: String? = nil) {
        (self.path, self.reason, self.hint) = (path, reason, hint)
    }

    init(path: String, errno code: Int32, hint: String? = nil) {
        self.init(path: path, reason: String(cString: strerror(code)), hint: hint)
    }

    /// One line, for logs: `farms.d/web.yaml: error: cannot be read: Permission denied`
    public var description: String { "\(path): error: cannot be read: \(reason)" + (hint.map { " (\($0))" } ?? "") }
}
