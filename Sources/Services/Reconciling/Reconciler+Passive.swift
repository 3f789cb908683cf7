import FarmModel
import HealthPolicy
import Logging
import NetTypes
import ReconcilePolicy
import Seams

/// What the reconciler knows of connections that failed.
struct PassiveWatch: Sendable {
    var windows: [BackendID: PassiveWindow] = [:]
    var isLookPlanned = false
    /// Why they could not be watched, as it was logged.
    var fault: String?
    var ejections = 0
}

extension Reconciler {
    private static let failureLooks: Duration = .milliseconds(500)

    /// Watches for the farms that want it, and nothing while none does.
    func watchFailures() {
        let farms = desired.farms.values.filter { $0.passive != nil && $0.mode.usesConntrack }
        do throws(DriverError) {
            try failures.watch(Set(farms.flatMap { $0.listeners.map(\.address) }))
        } catch {
            note(failuresFault: error)
        }
        if farms.isEmpty { passive.windows = [:] } else { planFailureLook() }
    }

    private func planFailureLook() {
        guard !passive.isLookPlanned else { return }
        passive.isLookPlanned = true
        inbox.postFailureLook(after: Self.failureLooks)
    }

    /// Ejects who has failed too often.
    func lookAtFailures() {
        passive.isLookPlanned = false
        land()
        let farms = desired.farms.values.filter { $0.passive != nil && $0.mode.usesConntrack }.sorted { $0.name < $1.name }
        guard !farms.isEmpty else { return }
        defer { planFailureLook() }
        if passive.fault != nil { watchFailures() }
        guard let tallies = readFailures() else { return }
        let index = Dictionary(grouping: tallies, by: \.key.endpoint.address)
        var ejected: [BackendID] = []
        for farm in farms { ejected += eject(from: farm, index) }
        guard !ejected.isEmpty else { return }
        passive.ejections += ejected.count
        reconcile(author: "passive", because: "\(ejected.map(\.description).joined(separator: ", ")) failed real connections")
    }

    private func eject(from farm: Farm, _ index: [IPAddress: [(key: ConnectionTarget, value: FailureTally)]]) -> [BackendID] {
        guard let rules = farm.passive else { return [] }
        let guilty = farm.backends.filter { backend in
            let count = index[backend.address, default: []].reduce(0) { $1.key.ends(at: backend, of: farm) ? $0 + $1.value.total : $0 }
            let id = BackendID(farm: farm.name, backend: backend.name)
            guard count > 0 || passive.windows[id] != nil else { return false }
            let isTooMuch = passive.windows[id, default: PassiveWindow()].add(count, at: desired.now, by: rules)
            if passive.windows[id]?.isEmpty == true { passive.windows[id] = nil }
            return isTooMuch
        }
        guard !guilty.isEmpty else { return [] }
        return desired.eject(guilty.map(\.name), of: farm.name).map { BackendID(farm: farm.name, backend: $0) }
    }

    private func readFailures() -> [ConnectionTarget: FailureTally]? {
        do throws(DriverError) {
            let tallies = try failures.take()
            note(failuresFault: nil)
            return tallies
        } catch {
            note(failuresFault: error)
            return nil
        }
    }

    /// Says once that failures cannot be watched, and once that they can again.
    private func note(failuresFault fault: DriverError?) {
        let words = fault.map(String.init(describing:))
        guard words != passive.fault else { return }
        passive.fault = words
        if let words {
            log.error("failed connections cannot be watched; nobody is ejected for them", metadata: ["error": "\(words)"])
        } else {
            log.notice("failed connections are watched again")
        }
    }
}
