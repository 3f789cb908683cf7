import ControlAPI

/// The last changes, newest last; the oldest give way.
struct ChangeLog: Sendable {
    private static let capacity = 100
    private(set) var changes: [Change] = []
    private var count = 0

    var last: Change? { changes.last }

    mutating func record(author: String, ok: Bool, _ summary: String) {
        count += 1
        if changes.count == Self.capacity { changes.removeFirst() }
        changes.append(Change(id: count, at: Timestamp.now, author: author, ok: ok, summary: summary))
    }
}
