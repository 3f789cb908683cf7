import ControlAPI
import FarmModel
import HealthPolicy
import Logging
import ReconcilePolicy

/// What is to be told of the policy, and when it wants to be asked again.
struct PolicyWatch: Sendable {
    /// What was told last, of farms that are not as usual.
    var told: [String: FarmPeculiarities] = [:]
    /// For when a look is planned.
    var planned: MonotonicInstant?
}

extension Reconciler {
    /// A hold, an ejection or a step of a slow start has ended. Steps of one moment are one commit, at most one in 10 ms as ever.
    func advancePolicy() {
        policy.planned = nil
        land()
        let farms = desired.advancePolicy()
        guard !farms.isEmpty else { return planPolicy() }
        let names = farms.count > 3 ? "\(farms.count) farms" : farms.sorted().joined(separator: ", ")
        reconcile(author: "policy", because: "time has passed for \(names)", isRoutine: true)
    }

    /// Tells what has begun or ended, and plans the next look.
    func followPolicy() {
        for name in desired.takeJudged().sorted() {
            guard let farm = desired.farms[name] else { continue }
            tell(desired.peculiarities(of: farm), of: farm)
        }
        planPolicy()
    }

    private func tell(_ present: FarmPeculiarities, of farm: Farm) {
        let before = policy.told[farm.name] ?? FarmPeculiarities()
        let now = present.following(before)
        guard now != before else { return }
        policy.told[farm.name] = now.isEmpty ? nil : now
        for notice in now.notices(since: before, time: Timestamp.text) {
            events.post(.policy, farm: farm.name, backend: notice.backend, notice.words, state: notice.state)
            log.notice(
                "policy",
                metadata: ["farm": "\(farm.name)", "backend": "\(notice.backend ?? "-")", "what": "\(notice.words)"])
        }
    }

    func planPolicy() {
        guard let next = desired.nextPolicyChange, policy.planned.map({ next < $0 }) ?? true else { return }
        policy.planned = next
        inbox.postPolicyChange(after: Timestamp.monotonic.duration(to: next))
    }

    /// Files in `maintenance.d` as they are before the start.
    public func prepare(maintenance files: MaintenanceFiles) { desired.set(maintenance: files) }

    /// Files in `maintenance.d` as they are now.
    public func set(maintenance files: MaintenanceFiles) {
        land()
        desired.now = Timestamp.monotonic
        let before = desired.maintenance
        let farms = desired.set(maintenance: files)
        for stranger in files.strangers(among: desired.farms) where !before.strangers(among: desired.farms).contains(stranger) {
            log.warning("a file in maintenance.d names nothing that is configured", metadata: ["file": "\(stranger)"])
        }
        guard !farms.isEmpty else { return }
        let words = farms.sorted().joined(separator: ", ")
        events.post(.override, "maintenance files of \(words) changed")
        log.notice("maintenance files changed", metadata: ["farms": "\(words)"])
        reconcile(author: "maintenance.d", because: "maintenance files of \(words)")
    }
}
