import FarmModel

/// The keys of a `health` mapping about what follows from verdicts, as far as they were written.
struct PolicySettings {
    var initialState: InitialState?
    var onDown: DownAction?
    var slowStart: Duration?
    var dampening: Dampening?
    /// These two of the farm's own mapping only.
    var panicThreshold: Int?
    var passive: PassiveDetection?
    /// Where they stand, for what depends on the mode.
    private(set) var onDownPlace, passivePlace: NodeReader?

    /// Keys that have no effect on a backend that is not probed.
    static let ofVerdicts = ["initialState", "onDown", "slowStart", "dampening", "panicThreshold"]

    init() {}

    init(_ fields: Fields) {
        initialState = fields["initialState"]?.word(InitialState.init(rawValue:))
        onDown = fields["onDown"]?.word(DownAction.init(rawValue:))
        slowStart = fields["slowStart"]?.duration()
        dampening = fields["dampening"].flatMap(Self.dampening)
        panicThreshold = fields["panicThreshold"]?.percent()
        passive = fields["passive"].flatMap(Self.passive)
        (onDownPlace, passivePlace) = (fields["onDown"], fields["passive"])
    }

    /// The farm's settings beneath a backend's.
    func over(_ base: PolicySettings) -> PolicySettings {
        var merged = base
        (merged.onDownPlace, merged.passivePlace) = (onDownPlace, nil)
        merged.initialState = initialState ?? base.initialState
        merged.onDown = onDown ?? base.onDown
        merged.slowStart = slowStart ?? base.slowStart
        merged.dampening = dampening ?? base.dampening
        return merged
    }

    var resolved: VerdictPolicy {
        let defaults = VerdictPolicy()
        return VerdictPolicy(
            initialState: initialState ?? defaults.initialState, onDown: onDown ?? defaults.onDown,
            slowStart: slowStart ?? defaults.slowStart, dampening: dampening)
    }

    private static func dampening(_ reader: NodeReader) -> Dampening? {
        guard let fields = reader.fields("a mapping such as { hold: 10s, limit: 5m, calm: 1m }") else { return nil }
        let defaults = Dampening()
        let dampening = Dampening(
            hold: fields["hold"]?.duration() ?? defaults.hold, limit: fields["limit"]?.duration() ?? defaults.limit,
            calm: fields["calm"]?.duration() ?? defaults.calm)
        if dampening.limit < dampening.hold {
            (fields["limit"] ?? fields["hold"])?.fault(.badDuration, "the limit is shorter than the first hold", hint: "make limit longer")
        }
        return dampening
    }

    private static func passive(_ reader: NodeReader) -> PassiveDetection? {
        guard let fields = reader.fields("a mapping such as { failures: 5, window: 10s }") else { return nil }
        let defaults = PassiveDetection()
        return PassiveDetection(
            failures: fields["failures"]?.integer() ?? defaults.failures, window: fields["window"]?.duration() ?? defaults.window,
            ejectTime: fields["ejectTime"]?.duration() ?? defaults.ejectTime, maxEject: fields["maxEject"]?.percent() ?? defaults.maxEject)
    }
}
