import FarmModel
import NetTypes
import ReconcilePolicy
import Seams

/// What the reconciler knows of farms whose slots follow open connections.
struct ConnectionWatch: Sendable {
    var balance = LeastConnectionsBalance()
    /// When connections were counted last.
    var lastLook: ContinuousClock.Instant?
    var isLookPlanned = false
    /// Why they could not be, as it was logged.
    var fault: String?
}

extension Reconciler {
    /// Often enough to level what short connections do, and seldom enough to cost nothing.
    private static let looks: Duration = .milliseconds(250)

    /// Counts for the farms that want it, and nothing while none does.
    func followConnections() {
        let addresses = Set(desired.followingFarms.flatMap { $0.listeners.map(\.address) })
        do throws(DriverError) {
            try ledger.follow(addresses)
        } catch {
            note(error)
        }
        if addresses.isEmpty {
            (following.balance, following.lastLook, following.fault) = (LeastConnectionsBalance(), nil, nil)
        } else {
            planLook()
        }
    }

    private func planLook() {
        guard !following.isLookPlanned else { return }
        following.isLookPlanned = true
        inbox.postConnectionLook(after: Self.looks)
    }

    /// Deals slots anew where open connections ask for it.
    func lookAtConnections() {
        following.isLookPlanned = false
        let farms = desired.followingFarms
        guard !farms.isEmpty else { return }
        defer { planLook() }
        if following.fault != nil { followConnections() }
        guard !isHolding, !isDrifted, let tallies = readLedger() else { return }
        let now = ContinuousClock.now
        let elapsed = following.lastLook.map { now - $0 } ?? Self.looks
        following.lastLook = now
        let index = Dictionary(grouping: tallies, by: \.key.endpoint.address)
        let shares = following.balance.look(at: desired, after: elapsed) { backend, farm in
            index[backend.address, default: []].reduce(into: (live: 0, opened: 0)) { count, entry in
                guard entry.key.ends(at: backend, of: farm) else { return }
                (count.live, count.opened) = (count.live + entry.value.live, count.opened + entry.value.opened)
            }
        }
        level(shares)
    }

    private func level(_ shares: [String: [String: Int]]) {
        guard !shares.isEmpty else { return }
        land()
        let before = shares.keys.map { ($0, desired.compiledFarms[$0]?.slots ?? [:]) }
        desired.set(slotShares: shares)
        counters.slotsLevelled += before.reduce(0) { $0 + slotsMoved($1.0, from: $1.1) }
        reconcile(author: "least-connections", because: "slots of \(shares.keys.sorted().joined(separator: ", "))", isRoutine: true)
    }

    private func slotsMoved(_ farm: String, from before: [AddressFamily: [UInt16]]) -> Int {
        let now = desired.compiledFarms[farm]?.slots ?? [:]
        return before.reduce(0) { sum, entry in sum + zip(entry.value, now[entry.key] ?? []).count { $0 != $1 } }
    }

    private func readLedger() -> [ConnectionTarget: ConnectionTally]? {
        do throws(DriverError) {
            let tallies = try ledger.reading()
            if tallies != nil { note(nil) }
            return tallies
        } catch {
            note(error)
            return nil
        }
    }

    /// Says once that connections cannot be counted, and once that they can again.
    private func note(_ fault: DriverError?) {
        let words = fault.map(String.init(describing:))
        guard words != following.fault else { return }
        following.fault = words
        if let words {
            log.error("connections cannot be counted; the slots of least-connections stay as they are", metadata: ["error": "\(words)"])
        } else {
            log.notice("connections are counted again")
        }
    }
}

extension ConnectionTarget {
    /// Whether it is a connection of the farm to this backend.
    func ends(at backend: Backend, of farm: Farm) -> Bool {
        endpoint.address == backend.address && (backend.port?.contains(endpoint.port) ?? true) && farm.listens(at: listener, transport)
    }
}
