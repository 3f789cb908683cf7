import ControlAPI
import Synchronization

/// Hands events to whoever listens; a listener that falls behind loses the oldest.
final class EventBus: Sendable {
    private static let buffered = 1_000
    private struct Listeners {
        var next = 0
        var continuations: [Int: (farm: String?, AsyncStream<EventView>.Continuation)] = [:]
    }
    private let listeners = Mutex(Listeners())

    func stream(farm: String?) -> AsyncStream<EventView> {
        let (stream, continuation) = AsyncStream<EventView>.makeStream(bufferingPolicy: .bufferingNewest(Self.buffered))
        let id = listeners.withLock { listeners in
            listeners.next += 1
            listeners.continuations[listeners.next] = (farm, continuation)
            return listeners.next
        }
        continuation.onTermination = { [weak self] _ in
            self?.listeners.withLock { _ = $0.continuations.removeValue(forKey: id) }
        }
        return stream
    }

    /// Who hears of everything at once, on the thread that posts: it only hands over.
    private let listener: (@Sendable (EventView) -> Void)?

    init(listener: (@Sendable (EventView) -> Void)? = nil) { self.listener = listener }

    /// `at`: when it happened, if that was not just now.
    func post(
        _ kind: EventView.Kind, farm: String? = nil, backend: String? = nil, _ message: String, state: String? = nil, at: String? = nil
    ) {
        let wanting = listeners.withLock { $0.continuations.values.filter { $0.farm == nil || $0.farm == farm } }
        guard listener != nil || !wanting.isEmpty else { return }
        let event = EventView(at: at ?? Timestamp.now, kind: kind, farm: farm, backend: backend, message: message, state: state)
        listener?(event)
        for (_, continuation) in wanting { continuation.yield(event) }
    }
}
