import ControlAPI
import FarmModel
import NetTypes
import ReconcilePolicy
import Ruleset
import RulesetCompiler
import Seams

/// What is known of tables that can become full.
struct CapacityWatch: Sendable {
    var alarms = FillAlarms()
    /// As last looked at, for what has been lost since.
    var statistics: ConntrackStatistics?
    /// Source ports in use, by who uses them.
    var sourcePorts: [SourcePortUser: Int] = [:]
    var nextWalk = ContinuousClock.now
    /// Why conntrack could not be asked, as it was logged.
    var fault: String?

    static let rhythm: Duration = .seconds(15)
    /// Between two walks over conntrack's table, which may take a twentieth of the time at most.
    static let walkRhythm: Duration = .seconds(60)
    static let rest = 19
}

extension Reconciler {
    /// Raises alarms before tables are full, and tells what was lost when they are.
    public func watchCapacity() async {
        // Ends when the daemon stops and the sleep is cancelled.
        while (try? await Task.sleep(for: CapacityWatch.rhythm)) != nil { await checkCapacity() }
    }

    func checkCapacity() async {
        for fill in setFills() where !HandoverWatch.isWatched(fill.set) {
            warn("set \(fill.set)", fill.count, fill.limit, "elements; when it is full, \(Self.overflow(of: fill.set))")
        }
        await checkConntrack()
        await checkSourcePorts()
    }

    /// How full the sets are that packets add to.
    func setFills() -> [(table: TableFamily, set: String, count: Int, limit: Int)] {
        committed.tables.flatMap { table in
            table.sets.compactMap { set in
                guard let dynamic = set.type.dynamic else { return nil }
                do { return (table.family, set.name, try driver.count(of: set.name, in: table.family), Int(dynamic.size)) } catch {
                    log.debug("elements cannot be counted", metadata: ["set": "\(set.name)", "error": "\(error)"])
                    return nil
                }
            }
        }
    }

    private static func overflow(of set: String) -> String {
        switch set {
        case _ where set.hasPrefix("sessions"): "new clients are balanced by the scheduler alone"
        case _ where set.contains("banned"): "sources above a limit are refused, but not remembered"
        case _ where set.contains("backend-connections") || set.contains("host-connections"): "further backends are not limited"
        default: "further sources are not limited"
        }
    }

    private func warn(_ name: String, _ count: Int, _ limit: Int, _ words: String) {
        guard capacity.alarms.rings(name, count: count, of: limit) else { return }
        events.post(.capacity, "\(name) is nearly full: \(count) of \(limit) \(words)")
        log.warning("nearly full", metadata: ["what": "\(name)", "count": "\(count)", "limit": "\(limit)"])
    }

    private func checkConntrack() async {
        guard let now = await conntrackStatistics() else { return }
        warn("connection tracking", now.entries, now.limit, "entries; when it is full, the kernel drops new connections (nf_conntrack_max)")
        let before = capacity.statistics
        capacity.statistics = now
        guard let before else { return }
        tellLoss("connection tracking is full", from: before.drops, to: now.drops, "packet", "dropped")
        tellLoss(
            "no room for connections: source ports, or places in the table, are used up", from: before.insertFailures,
            to: now.insertFailures, "connection", "refused")
    }

    private func tellLoss(_ what: String, from before: UInt64, to now: UInt64, _ noun: String, _ fate: String) {
        guard now > before else { return }
        events.post(.capacity, "\(what): \(counted(now - before, noun)) \(fate) since the last look")
        log.error("lost for want of room", metadata: ["cause": "\(what)", "count": "\(now - before)"])
    }

    /// Nil where the kernel does not tell, which is said once.
    func conntrackStatistics() async -> ConntrackStatistics? {
        do throws(DriverError) {
            let statistics = try await meter.statistics()
            capacity.fault = nil
            return statistics
        } catch {
            if capacity.fault != "\(error)" { log.warning("conntrack's statistics cannot be read", metadata: ["error": "\(error)"]) }
            capacity.fault = "\(error)"
            return nil
        }
    }

    private func checkSourcePorts() async {
        guard desired.farms.values.contains(where: \.translatesSources) else {
            capacity.sourcePorts = [:]
            return
        }
        guard capacity.nextWalk <= .now else { return }
        do throws(DriverError) {
            let (ports, took) = try await meter.sourcePorts()
            capacity.sourcePorts = ports
            capacity.nextWalk = .now + max(CapacityWatch.walkRhythm, took * CapacityWatch.rest)
        } catch {
            capacity.nextWalk = .now + CapacityWatch.walkRhythm
            return log.warning("source ports in use cannot be counted", metadata: ["error": "\(error)"])
        }
        for (user, count) in capacity.sourcePorts {
            warn(
                "\(user.source) towards \(user.backend)/\(user.transport)", count, sourcePortCount,
                "source ports; when none is left, connections fail (give the backend further addresses or ports, or the farm another sourceAddress)"
            )
        }
    }

    /// Ports that sources are translated to.
    var sourcePortCount: Int { Int(settings.probePorts.first) - 1024 }

    /// The most that one address uses towards the backend.
    func sourcePorts(of backend: Backend) -> Int {
        capacity.sourcePorts.reduce(0) { most, entry in
            let isOurs = entry.key.backend.address == backend.address && (backend.port?.contains(entry.key.backend.port) ?? true)
            return isOurs ? max(most, entry.value) : most
        }
    }
}

extension Reconciler {
    func addCapacity(to page: inout MetricsPage) async {
        let fills = setFills()
        if !fills.isEmpty {
            page.family("zvnft_set_elements", "Elements of sets that packets add to.", "gauge")
            for fill in fills { page.sample("zvnft_set_elements", labels(fill.table, fill.set), Double(fill.count)) }
            page.family("zvnft_set_elements_limit", "Elements that there is room for.", "gauge")
            for fill in fills { page.sample("zvnft_set_elements_limit", labels(fill.table, fill.set), Double(fill.limit)) }
        }
        if let statistics = await conntrackStatistics() { add(statistics, to: &page) }
        addSourcePorts(to: &page)
    }

    private func labels(_ table: TableFamily, _ set: String) -> [(String, String)] { [("table", "\(table)"), ("set", set)] }

    private func add(_ conntrack: ConntrackStatistics, to page: inout MetricsPage) {
        page.gauge("zvnft_conntrack_entries", "Connections that the kernel tracks, ours and others'.", Double(conntrack.entries))
        page.gauge("zvnft_conntrack_entries_limit", "Connections that it has room for (nf_conntrack_max).", Double(conntrack.limit))
        page.counter("zvnft_conntrack_dropped_packets_total", "Packets dropped as the table was full.", Int(clamping: conntrack.drops))
        page.counter("zvnft_conntrack_early_drops_total", "Entries thrown out to make room.", Int(clamping: conntrack.earlyDrops))
        page.counter(
            "zvnft_conntrack_insert_failures_total", "Connections without a place, as where source ports are used up.",
            Int(clamping: conntrack.insertFailures))
        page.counter(
            "zvnft_conntrack_chains_too_long_total", "Connections turned away as too many share a place.",
            Int(clamping: conntrack.chainsTooLong))
    }

    private func addSourcePorts(to page: inout MetricsPage) {
        let farms = desired.farms.values.filter(\.translatesSources).sorted { $0.name < $1.name }
        guard !farms.isEmpty else { return }
        let users = Set(capacity.sourcePorts.keys.map(\.backend.address))
        page.gauge("zvnft_snat_source_ports_limit", "Source ports that one address has towards one endpoint.", Double(sourcePortCount))
        page.family("zvnft_snat_source_ports", "Source ports in use towards the backend, of the address that uses most.", "gauge")
        for farm in farms {
            for backend in farm.backends.sorted(by: { $0.name < $1.name }) {
                let count = !users.contains(backend.address) ? 0 : sourcePorts(of: backend)
                page.sample("zvnft_snat_source_ports", [("farm", farm.name), ("backend", backend.name)], Double(count))
            }
        }
    }
}

extension Farm {
    fileprivate var translatesSources: Bool { if case .snat = mode { true } else { false } }
}
