import ControlAPI
import FarmModel
import Glibc
import HealthPolicy
import NetTypes
import ReconcilePolicy

/// Which targets are down since when, and what is suspected of it.
struct SuspicionWatch: Sendable {
    var downSince: [ProbeTarget: MonotonicInstant] = [:]
    var suspicions: [Suspicion] = []
    var isLookPlanned = false
    /// How often `downSince` has changed.
    var changes = 0
    /// By which device targets are reached, as far as it has been asked; nil: by a router.
    var devices: [IPAddress: String?] = [:]
}

extension Reconciler {
    /// Verdicts that belong together come over a while, and looking at all targets takes some milliseconds where there are thousands.
    private static let suspicionDelay: Duration = .seconds(1)
    /// Above this many addresses nobody asks for devices: each question takes some microseconds of the thread that commits.
    private static let mostDevices = 1_024

    func noteDowns(_ changed: [ProbeTarget: Verdict]) {
        for (target, verdict) in changed { suspicion.downSince[target] = verdict == .down ? desired.now : nil }
        suspicion.changes += 1
        planSuspicionLook()
    }

    private func planSuspicionLook() {
        guard !suspicion.isLookPlanned, suspicion.downSince.count >= Suspicion.fewest || !suspicion.suspicions.isEmpty else { return }
        suspicion.isLookPlanned = true
        inbox.postSuspicionLook(after: Self.suspicionDelay)
    }

    func lookForSuspicion() async {
        suspicion.isLookPlanned = false
        let targets = desired.probeTargets
        suspicion.downSince = suspicion.downSince.filter { targets.contains($0.key) }
        let changes = suspicion.changes
        let found = suspicion.downSince.count < Suspicion.fewest ? [] : await Self.suspicions(sightings(targets))
        let (old, new) = (Set(suspicion.suspicions.map(\.bond)), Set(found.map(\.bond)))
        for one in found where !old.contains(one.bond) {
            events.post(.policy, one.words, state: "suspicion")
            log.warning("all that have something in common are down at once", metadata: ["what": "\(one.words)"])
        }
        for bond in old.subtracting(new).sorted() { events.post(.policy, "\(bond): not all are down any more", state: "suspicion-over") }
        suspicion.suspicions = found
        if suspicion.changes != changes { planSuspicionLook() }
        publish()
    }

    /// Away from the thread that commits: among ten thousand it takes some ten milliseconds.
    @concurrent
    private nonisolated static func suspicions(_ sightings: [Suspicion.Sighting]) async -> [Suspicion] { Suspicion.among(sightings) }

    private func sightings(_ targets: Set<ProbeTarget>) -> [Suspicion.Sighting] {
        let addresses = Set(targets.map(\.address))
        suspicion.devices = suspicion.devices.filter { addresses.contains($0.key) }
        let numbers = Dictionary(uniqueKeysWithValues: addresses.enumerated().map { ($1, $0) })
        return targets.map { target in
            let device = addresses.count <= Self.mostDevices ? probeDevice(to: target.address) : nil
            let bonds = ["probes of type \(target.check.kind.name)"] + (device.map { ["backends behind \($0)"] } ?? [])
            return Suspicion.Sighting(
                bonds: bonds, host: numbers[target.address] ?? 0, downSince: suspicion.downSince[target], check: target.check)
        }
    }

    private func probeDevice(to address: IPAddress) -> String? {
        if let known = suspicion.devices[address] { return known }
        do {
            let device = try network.onLinkDevice(to: address).map(Self.name)
            suspicion.devices[address] = .some(device)
            return device
        } catch {
            // A missing route is no device; it is asked for again with the next look.
            return nil
        }
    }

    private static func name(of device: UInt32) -> String {
        var name = [CChar](repeating: 0, count: Int(IF_NAMESIZE))
        guard if_indextoname(device, &name) != nil else { return "device \(device)" }
        return "device " + String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Suspicion {
    var words: String {
        "all \(targets) \(bond) went down within \(span.shortWords): suspect this host or what lies between, rather than all of them"
    }
}

extension Duration {
    /// "230 ms", "2.1 s"
    var shortWords: String {
        let milliseconds = wholeNanoseconds / 1_000_000
        return milliseconds < 1000 ? "\(milliseconds) ms" : "\(Double(milliseconds / 100) / 10) s"
    }
}
