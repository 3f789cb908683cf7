/// When the kernel's table is read again beside its notices: often while notices do not tell everything, seldom while they do.
///
/// They do not for connections that are older than our listening, and where the kernel was told to announce nothing.
struct WalkRhythm {
    private static let shortest: Duration = .seconds(1)
    private static let longest: Duration = .seconds(60)
    /// A walk may take a twentieth of the time at most, and a fourth when notices were lost and nothing is known without it.
    private static let rest = 19
    private static let restWhenLost = 3
    /// The part of the connections that may go unnoticed from walk to walk.
    private static let tolerated = 50

    private var interval = shortest
    private var lastWalk: Duration = .zero

    /// `unnoticed`: how much the walk found that no notice told.
    mutating func walked(for duration: Duration, unnoticed: Int, of count: Int) {
        lastWalk = duration
        let isOff = unnoticed * Self.tolerated > count
        interval = isOff ? max(interval / 2, Self.shortest) : min(interval * 2, Self.longest)
    }

    /// From the end of one walk to the start of the next.
    var pause: Duration { max(interval, lastWalk * Self.rest) }
    var pauseWhenLost: Duration { lastWalk * Self.restWhenLost }
}
