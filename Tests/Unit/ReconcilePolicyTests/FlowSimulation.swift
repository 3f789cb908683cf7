import FarmModel
import HealthPolicy
import NetTypes
import Ruleset

@testable import ReconcilePolicy

/// A farm that changes at random under flows that are alive: rules from the compiler, packets through the tracer.
struct FlowSimulation {
    struct Flow {
        let source: Endpoint
        let transport: TransportProtocol
        /// The one that it began at.
        var address: IPAddress
        /// It speaks until then, at least once a minute.
        let end: MonotonicInstant
        /// udp: when its slot named its backend last.
        var lastHome: MonotonicInstant
    }

    private(set) var web: DirectFarm
    /// What was committed last.
    private(set) var kernel: Ruleset
    private var memory = DynamicState()
    private(set) var flows: [Flow] = []
    private var random: SplitMix
    private var dead: Set<IPAddress> = []
    private var nextBackend = 5
    private var oldPath: PathUse?
    /// What was stored after the last commit, and after the one before.
    private var stored: (last: Stored, previous: Stored)
    private var lastClassChange: MonotonicInstant
    private(set) var history: [String] = []
    private(set) var faults: [String] = []
    private(set) var counts = Counts()

    private struct Stored {
        let farm: Farm
        let transitions: [String: [Transition]]
    }

    struct Counts {
        var changes = 0, restarts = 0, refusals = 0, packets = 0, oldPackets = 0, ends = 0
    }

    init(seed: UInt64, mode: ForwardingMode, family: AddressFamily) throws {
        web = try DirectFarm(mode: mode, transports: [.tcp, .udp], family: family)
        kernel = web.state.ruleset
        stored = (Stored(farm: web.farm, transitions: [:]), Stored(farm: web.farm, transitions: [:]))
        random = SplitMix(state: seed)
        lastClassChange = web.state.now.advanced(by: .seconds(-1_000))
    }

    private var now: MonotonicInstant { web.state.now }
    private var family: AddressFamily { web.farm.listeners[0].address.family }

    mutating func step() {
        web.wait(.seconds(Int.random(in: 1...12, using: &random)))
        if Int.random(in: 0..<4, using: &random) == 0 { change() }
        endWhatIsOver()
        if Int.random(in: 0..<25, using: &random) == 0 { restart() }
        speak()
        for transport in [TransportProtocol.tcp, .tcp, .udp] { open(transport) }
    }
}

// MARK: What changes

extension FlowSimulation {
    private mutating func change() {
        counts.changes += 1
        let number = Int.random(in: 1..<nextBackend, using: &random)
        switch Int.random(in: 0..<9, using: &random) {
        case 0, 1: note("drain \(number)") { $0.override(number, Override(admin: .drain)) }
        case 2, 3: note("ready \(number)") { $0.override(number, nil) }
        case 4:
            let weight = Int.random(in: 0...20, using: &random)
            note("weight \(number) \(weight)") { $0.override(number, Override(weight: weight)) }
        case 5, 6: flip(number)
        case 7: editBackends(number)
        default: editTable()
        }
        commit()
    }

    private mutating func flip(_ number: Int) {
        let address = DirectFarm.address(number, family)
        guard web.farm.backends.contains(where: { $0.address == address }) else { return }
        let isDown = !dead.contains(address)
        if isDown { dead.insert(address) } else { dead.remove(address) }
        history.append("\(isDown ? "down" : "up") \(number)")
        let targets = web.state.probeTargets.filter { $0.address == address }
        web.state.set(verdicts: Dictionary(uniqueKeysWithValues: targets.map { ($0, isDown ? .down : .up) }))
        // Who spoke with the dead is lost in any case.
        if isDown { flows.removeAll { $0.address == address } }
    }

    private mutating func editBackends(_ number: Int) {
        let address = DirectFarm.address(number, family)
        if let index = web.farm.backends.firstIndex(where: { $0.address == address }), web.farm.backends.count > 2 {
            note("remove \(number)") { $0.edit { $0.backends.remove(at: index) } }
        } else {
            let added = DirectFarm.backend(nextBackend, web.farm.mode, family)
            nextBackend += 1
            note("add \(nextBackend - 1)") { $0.edit { $0.backends.append(added) } }
        }
        let unknown = web.state.probeTargets.filter { web.state.verdicts[$0] == nil }
        web.state.set(verdicts: Dictionary(uniqueKeysWithValues: unknown.map { ($0, dead.contains($0.address) ? .down : .up) }))
    }

    private mutating func editTable() {
        let before = SlotCounting(tableSize: web.farm.slotCount, scheduler: web.farm.scheduler)
        let schedulers: [Scheduler] = [.maglev(.addressAndPort), .hash(.addressAndPort), .maglev(.address)]
        let (scheduler, size) = (schedulers.randomElement(using: &random), [179, 179, 251].randomElement(using: &random))
        guard let scheduler, let size else { return }
        note("\(scheduler.name) \(scheduler.hashInputs?.inputs.count ?? 0) \(size)") {
            $0.edit { ($0.scheduler, $0.tableSize) = (scheduler, .slots(size)) }
        }
        if !before.isLike(SlotCounting(tableSize: size, scheduler: scheduler)) { lastClassChange = now }
    }

    private mutating func note(_ words: String, _ change: (inout DirectFarm) throws -> Void) rethrows {
        history.append(words)
        try change(&web)
    }

    /// The kernel may refuse; then it goes on as it was.
    private mutating func commit() {
        guard Int.random(in: 0..<6, using: &random) > 0 else {
            counts.refusals += 1
            history.append("refused")
            return
        }
        kernel = web.state.ruleset
        web.state.settled()
        stored = (Stored(farm: web.farm, transitions: KeptHandovers(web.state.transitions).transitions), stored.last)
        if !web.state.isInTransition { memory = DynamicState() }
    }

    private mutating func endWhatIsOver() {
        let before = web.state.transitions.count
        web.state.endHandovers(oldPath.map { ["web": PathUse(lastUse: $0.lastUse, lastLook: now)] } ?? [:])
        guard web.state.ruleset != kernel else { return }
        if web.state.transitions.count < before { counts.ends += 1 }
        commit()
    }

    /// Killed at any moment, perhaps before the last commit was noted down: the kernel is all that is certain.
    private mutating func restart() {
        counts.restarts += 1
        let isNoted = Int.random(in: 0..<3, using: &random) > 0
        history.append(isNoted ? "restart" : "restart in a hurry")
        let known = isNoted ? stored.last : stored.previous
        var state = DesiredState(handover: DirectFarm.settings)
        state.now = now
        state.set(overrides: web.state.overrides)
        state.set(farms: [web.farm])
        state.expect(formerBackendsOf: [known.farm], kept: known.transitions)
        state.set(verdicts: web.state.verdicts)
        web.state = state
        web.learnNextHops()
        web.state.restoreServed(from: kernel, formerly: [known.farm], kept: known.transitions)
        oldPath = nil
        commit()
    }
}

// MARK: Packets

extension FlowSimulation {
    private mutating func speak() {
        let instant = now
        flows.removeAll { $0.end <= instant }
        for index in flows.indices {
            let flow = flows[index]
            let end = send(flow.source, flow.transport, .ack)
            if flow.transport == .udp, homeOf(flow.source) == flow.address { flows[index].lastHome = now }
            guard end != flow.address else { continue }
            let isHeld = flow.transport == .tcp || flow.lastHome.duration(to: now) < DirectFarm.settings.udpHold
            if isHeld, !isExcused(flow) {
                faults.append(
                    "\(flow.transport) \(flow.source): \(flow.address) → \(end.map(\.description) ?? "nowhere"), after \(history.suffix(12))"
                )
            }
            flows[index].address = end ?? flow.address
        }
    }

    /// Where udp rests on a table that changed its class while another was still held (docs/design/handover.md).
    private func isExcused(_ flow: Flow) -> Bool {
        flow.transport == .udp && lastClassChange.duration(to: now) < DirectFarm.settings.udpHold * 3
    }

    private mutating func open(_ transport: TransportProtocol) {
        // Few ports, so that they are used again.
        let client = family == .ipv4 ? IPAddress(v4: 0xC633_6401) : IPAddress(v6: 0x2001_0db8_00ff_0000, 1)
        let source = Endpoint(address: client, port: 40_000 + UInt16.random(in: 0..<60, using: &random))
        guard !flows.contains(where: { $0.source == source && $0.transport == transport }) else { return }
        let home = homeOf(source)
        guard let end = send(source, transport, .syn) else { return }
        if transport == .tcp, end != home { faults.append("a new connection went to \(end) and not to \(home.map(\.description) ?? "-")") }
        // The kernel has not been told yet.
        guard !dead.contains(end) else { return }
        let life = Duration.seconds(Int.random(in: 5...500, using: &random))
        let lastHome = end == home ? now : now.advanced(by: .zero - DirectFarm.settings.udpHold)
        flows.append(Flow(source: source, transport: transport, address: end, end: now.advanced(by: life), lastHome: lastHome))
    }

    /// What the flow's slot names in the table as the kernel has it.
    private func homeOf(_ source: Endpoint) -> IPAddress? {
        Tracer(kernel).outcomes(of: packet(source, .tcp, .syn), in: memory).first.flatMap { address(of: $0.trace.fate) }
    }

    private func packet(_ source: Endpoint, _ transport: TransportProtocol, _ flags: TCPFlags) -> Packet {
        Packet(
            device: DirectFarm.device.name, source: source, destination: Endpoint(address: web.farm.listeners[0].address, port: 80),
            transport: transport, flags: flags)
    }

    private mutating func send(_ source: Endpoint, _ transport: TransportProtocol, _ flags: TCPFlags) -> IPAddress? {
        counts.packets += 1
        guard let outcome = Tracer(kernel).outcomes(of: packet(source, transport, flags), in: memory).first else { return nil }
        memory = outcome.state
        let isOld = outcome.trace.rules.contains { place in
            kernel[place.table]?.chain(place.chain)?.rules[place.rule - 1].statements.contains { statement in
                if case .setMAC(_, _, let map) = statement { map.hasPrefix("former-") } else { false }
            } ?? false
        }
        if isOld { counts.oldPackets += 1 }
        oldPath = PathUse(lastUse: isOld ? now : oldPath?.lastUse ?? now, lastLook: now)
        return address(of: outcome.trace.fate)
    }

    private func address(of fate: PacketFate) -> IPAddress? {
        switch fate {
        case .forwarded(let mac, _, _):
            (1..<nextBackend).map { DirectFarm.address($0, family) }.first { $0.octets.suffix(2).elementsEqual(mac.octets.suffix(2)) }
        case .rewritten(let end, _, _): end.address
        default: nil
        }
    }
}
