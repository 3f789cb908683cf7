import ControlAPI
import NIOCore
import NIOHTTP1

extension ControlClient {
    /// Calls `receive` for each event from now on, until it returns false, the task is cancelled or the daemon ends the stream.
    ///
    /// Nil: of all farms. `opened` is called once the daemon has agreed. The end of the stream by the daemon is `Unreachable`, as a
    /// follower wants to know.
    public func events(farm: String? = nil, opened: () -> Void = {}, receive: (EventView) async throws -> Bool) async throws {
        // A stream may be quiet for as long as it likes; a daemon that answers nothing is noticed before.
        try await awaitSign()
        let request = ControlRequest(method: .GET, path: "/api/v1/events" + encoded(["farm": farm]))
        let ended = unreachable("ended the stream of events: it is stopping")
        try await session(try await connected(), request) { head, parts in
            guard head.status == .ok else {
                _ = try checked(head, try await body(from: &parts) ?? [])
                throw ended
            }
            opened()
            var lines = EventLines()
            while let part = try await parts.next() {
                guard case .body(let buffer) = part else { continue }
                for event in try lines.events(after: buffer) {
                    guard try await receive(event) else { return }
                }
            }
            try Task.checkCancellation()
            throw ended
        } silent: {
            ended
        }
    }
}
