import FarmModel
import HealthPolicy

/// What probes targets and says when a verdict changes.
public protocol Prober: AnyObject, Sendable {
    /// Probes these and no others; the verdict beside a target is the last known one, for targets that are new.
    /// `marks`: of the sockets whose probes go through farms' rules.
    func setTargets(_ targets: [ProbeTarget: Verdict?], marks: [ProbeEntrance: UInt32])
    /// What is known of one target; nil for one that is not probed.
    func state(of target: ProbeTarget) -> HealthState?
    /// What probing has taken since the start.
    var effort: ProbingEffort { get }
    /// What is known of every target: slow when there are thousands.
    func snapshot() -> [ProbeTarget: HealthState]
}
