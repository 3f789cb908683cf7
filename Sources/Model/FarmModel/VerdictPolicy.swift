/// What follows from the verdicts about a backend. The probe itself is a `HealthCheck`: farms with other policies share it.
public struct VerdictPolicy: Sendable, Hashable {
    public var initialState: InitialState
    public var onDown: DownAction
    /// From a return after down until the backend has its whole weight; zero: at once.
    public var slowStart: Duration
    /// Nil: a backend that flaps is taken back each time at once.
    public var dampening: Dampening?

    public init(
        initialState: InitialState = .lastKnown, onDown: DownAction = .remove, slowStart: Duration = .zero, dampening: Dampening? = nil
    ) {
        (self.initialState, self.onDown, self.slowStart, self.dampening) = (initialState, onDown, slowStart, dampening)
    }
}

/// The verdict about a backend that has not been probed yet.
public enum InitialState: String, Sendable, Hashable, CaseIterable {
    /// That of a minute ago at most, from before a restart; else unknown.
    case lastKnown
    case up, down
}

/// What becomes of the connections of a backend that goes down.
public enum DownAction: String, Sendable, Hashable, CaseIterable {
    /// Half-open and udp entries are forgotten, so that their clients are balanced anew; established connections are left alone.
    case remove
    /// All of them are left alone.
    case drain
    /// All are forgotten, and both ends are told with the next packet that they send.
    case reset
}

/// How long a backend that flaps is held down.
public struct Dampening: Sendable, Hashable {
    /// After its first relapse; twice as long after each further one.
    public var hold: Duration
    /// At most so long.
    public var limit: Duration
    /// Who goes down within this time of its last return has relapsed; who lasts longer begins anew.
    public var calm: Duration

    public init(hold: Duration = .seconds(10), limit: Duration = .seconds(300), calm: Duration = .seconds(60)) {
        (self.hold, self.limit, self.calm) = (hold, limit, calm)
    }
}

/// How real connections speak against a backend whose probes succeed.
public struct PassiveDetection: Sendable, Hashable {
    /// Connections within `window` that were refused or not answered.
    public var failures: Int
    public var window: Duration
    /// Out for so long, and for so much longer each time again, up to ten times as long.
    public var ejectTime: Duration
    /// Per cent of the farm's backends that may be ejected at a time; one may always be.
    public var maxEject: Int

    public init(failures: Int = 5, window: Duration = .seconds(10), ejectTime: Duration = .seconds(30), maxEject: Int = 10) {
        (self.failures, self.window, self.ejectTime, self.maxEject) = (failures, window, ejectTime, maxEject)
    }
}
