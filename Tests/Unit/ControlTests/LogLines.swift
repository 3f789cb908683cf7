import Logging
import Synchronization
import Testing

/// What a server has logged, for tests that wait for it.
final class LogLines: Sendable {
    private let lines = Mutex<[(level: Logger.Level, message: String)]>([])

    var logger: Logger { Logger(label: "test") { _ in Handler(lines: self) } }

    /// Of lines that begin with the words, at this level or above.
    func count(_ words: String, from level: Logger.Level = .debug) -> Int {
        lines.withLock { $0.count { $0.level >= level && $0.message.hasPrefix(words) } }
    }

    func wait(for count: Int, of words: String) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while self.count(words) < count {
            try #require(ContinuousClock.now < deadline, "\(words): \(self.count(words)) times, not \(count)")
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private struct Handler: LogHandler {
        let lines: LogLines
        var logLevel = Logger.Level.debug
        var metadata = Logger.Metadata()
        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }
        func log(event: LogEvent) { lines.lines.withLock { $0.append((event.level, "\(event.message)")) } }
    }
}
