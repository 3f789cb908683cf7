import Synchronization

/// The listeners beside the first one that live, oldest first, and what was last said of those that could not open.
final class RenewedListeners: Sendable {
    private struct State {
        var ends: [(number: Int, end: AsyncStream<Never>.Continuation)] = []
        var complaint: String?
    }

    /// Beside the first and the newest one. What is deleted again and again costs the oldest connections, not all descriptors.
    private static let mostFormer = 4

    private let state = Mutex(State())

    /// The stream ends when the listener has to.
    func add(_ number: Int) -> AsyncStream<Never> {
        let (stream, end) = AsyncStream.makeStream(of: Never.self)
        state.withLock { state in
            if state.ends.count > Self.mostFormer { state.ends.removeFirst().end.finish() }
            state.ends.append((number, end))
        }
        return stream
    }

    func remove(_ number: Int) { state.withLock { $0.ends.removeAll { $0.number == number } } }

    /// Whatever goes wrong from now on is news.
    func opened() { state.withLock { $0.complaint = nil } }

    /// Whether it is another complaint than the last one.
    func isNews(_ complaint: String) -> Bool {
        state.withLock { state in
            defer { state.complaint = complaint }
            return state.complaint != complaint
        }
    }
}
