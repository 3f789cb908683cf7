/// One timer per number, in ticks of a millisecond: setting and cancelling cost the same for ten timers and for ten thousand.
///
/// A hashed wheel (Varghese and Lauck, 1987, scheme 6): timers beyond one turn stay in their bucket for a later round.
struct TimerWheel {
    static let tick: Int64 = 1_000_000
    private static let size = 4096
    private static let none: Int32 = -1

    private struct Timer {
        var due: Int64 = -1
        var next = TimerWheel.none
        var previous = TimerWheel.none
    }

    private var heads = [Int32](repeating: none, count: size)
    private var occupied = [UInt64](repeating: 0, count: size / 64)
    private var timers: [Timer] = []
    /// The first tick that may still hold due timers.
    private var cursor: Int64

    init(start nanoseconds: Int64) { cursor = nanoseconds / Self.tick }

    /// Sets the timer of `number`, instead of the one that it had, to the end of the tick in which `nanoseconds` falls.
    mutating func set(_ number: Int, at nanoseconds: Int64) {
        cancel(number)
        while timers.count <= number { timers.append(Timer()) }
        let due = max(cursor, (nanoseconds + Self.tick - 1) / Self.tick)
        let bucket = Int(due & Int64(Self.size - 1))
        let head = heads[bucket]
        timers[number] = Timer(due: due, next: head, previous: Self.none)
        if head != Self.none { timers[Int(head)].previous = Int32(number) }
        heads[bucket] = Int32(number)
        occupied[bucket / 64] |= 1 << UInt64(bucket % 64)
    }

    mutating func cancel(_ number: Int) {
        guard number < timers.count, timers[number].due >= 0 else { return }
        let timer = timers[number]
        let bucket = Int(timer.due & Int64(Self.size - 1))
        timers[number].due = -1
        if timer.next != Self.none { timers[Int(timer.next)].previous = timer.previous }
        if timer.previous != Self.none { timers[Int(timer.previous)].next = timer.next } else { heads[bucket] = timer.next }
        if heads[bucket] == Self.none { occupied[bucket / 64] &= ~(1 << UInt64(bucket % 64)) }
    }

    /// Takes out a timer that is due; nil when none is left.
    mutating func popDue(at now: Int64) -> Int? {
        let last = now / Self.tick
        // One turn up to now comes by every bucket, and so by all that is due: a loop without timers may have slept for days.
        cursor = max(cursor, last - Int64(Self.size) + 1)
        while cursor <= last {
            var number = heads[Int(cursor & Int64(Self.size - 1))]
            while number != Self.none {
                if timers[Int(number)].due <= cursor {
                    cancel(Int(number))
                    return Int(number)
                }
                number = timers[Int(number)].next
            }
            cursor += 1
        }
        return nil
    }

    /// No timer is due before; nil when none is set. May be early by whole turns, never late.
    var earliest: Int64? {
        let start = Int(cursor & Int64(Self.size - 1))
        for step in 0...(Self.size / 64) {
            let word = (start / 64 + step) % (Self.size / 64)
            // The word of the cursor is looked at twice: first from the cursor on, at last up to it.
            let beforeCursor: UInt64 = (1 << UInt64(start % 64)) - 1
            let mask = step == 0 ? ~beforeCursor : step == Self.size / 64 ? beforeCursor : ~0
            let bits = occupied[word] & mask
            guard bits != 0 else { continue }
            let bucket = word * 64 + bits.trailingZeroBitCount
            return (cursor + Int64((bucket - start + Self.size) % Self.size)) * Self.tick
        }
        return nil
    }
}
