/// Deadlines in the order of their coming; every flow of a run has the same timeout, so that appending keeps them sorted.
struct DeadlineQueue {
    struct Entry {
        let instant: Monotonic
        let flow: Int
        let descriptor: Int32
    }

    private var entries: [Entry] = []
    private var head = 0

    var first: Monotonic? { head < entries.count ? entries[head].instant : nil }

    mutating func append(_ instant: Monotonic, flow: Int, descriptor: Int32) {
        entries.append(Entry(instant: instant, flow: flow, descriptor: descriptor))
    }

    mutating func popFirst(dueAt now: Monotonic) -> Entry? {
        guard head < entries.count, entries[head].instant <= now else { return nil }
        defer { head += 1 }
        return entries[head]
    }
}
