import FarmModel
import NetTypes
import Ruleset

/// Writes a farm's rows, listener by listener.
struct FarmWriter {
    let plan: FarmPlan
    let conditions: [BackendCondition]
    let slots, spares: [AddressFamily: [UInt16]]
    let handover: Handover
    private(set) var courses: Set<Course> = []
    var rows = Rows()
    var shared = Rows()
    var formerShared = Rows()
    var rewriting: Set<Variant> = []
    private(set) var census = Census()
    private(set) var errors: Set<ErrorCourse> = []
    var tracked: Set<TrackedBackend> = []
    var resettable: Set<TrackedBackend> = []
    var resetting: Set<TrackedBackend> = []
    var asides: Set<Aside> = []
    var lists: [CompiledFarm.SetName: ElementTable] = [:]
    var counted: [CountedElement] = []
    /// Nil when verdicts change more than slots.
    private(set) var slotPlaces: [SlotPlace]? = []

    init(
        plan: FarmPlan, conditions: [BackendCondition], slots: [AddressFamily: [UInt16]], spares: [AddressFamily: [UInt16]],
        handover: Handover
    ) {
        (self.plan, self.conditions, self.slots, self.spares, self.handover) = (plan, conditions, slots, spares, handover)
    }

    var farm: Farm { plan.farm }

    mutating func write() {
        writeLists()
        for listener in farm.listeners {
            if listener.isWhole { write(Mouth(whole: listener)) }
            for ports in listener.ports { write(listener, ports) }
        }
    }

    private mutating func write(_ listener: Listener, _ ports: PortRange) {
        switch farm.form(of: ports, listener.address.family) {
        case .single: write(Mouth(listener, ports, .single))
        case .range: write(Mouth(listener, ports, .range))
        case .kept: write(Mouth(listener, ports, .kept))
        case .expanded:
            for port in ports.first...ports.last {
                if let one = PortRange(port) { write(Mouth(listener, one, .single, offset: port - ports.first)) }
            }
        }
    }

    private mutating func write(_ mouth: Mouth) {
        let selection = plan.selection(mouth)
        let moving = handover.moving.first { $0.family == mouth.family && $0.transports.contains(mouth.listener.transport) }
        let sessions = farm.sessions(mouth.listener.transport, mouth.family)
        let table = slots[mouth.family] ?? []
        let former = moving.map {
            Detour.handover(from: farm.selection(mouth, $0.tableSize, $0.scheduler), noBackend: table.isEmpty ? farm.noBackend : nil)
        }
        let guards = guards(mouth)
        let detours = guards + (sessions.map { [.sessions($0)] } ?? [])
        let plain = detours.isEmpty && !farm.isProxied(mouth.listener) ? PlainSlots(selection) : nil
        let course = course(selection, steady: plain == nil ? detours : PlainSlots.detours, guards, former)
        let isServed = isAnybodyServed(slots, spares, mouth.family)
        let target = isServed || moving != nil ? course.entry : NoBackend.chainName(farm.noBackend)
        if farm.isProxied(mouth.listener) {
            proxy(mouth.key, to: target, isServed: isServed, selection)
        } else {
            for origin in farm.mode == .local ? Dispatch.Origin.allCases : [.network] {
                dispatch(mouth.key, from: origin, to: target, selection)
            }
        }
        let detoured = moving.map { $0.detoured(from: farm.selection(mouth, $0.tableSize, $0.scheduler), to: selection) }
        writeSlots(mouth, selection, table, plain, detoured: detoured)
        if selection.path != .translate || sessions != nil || farm.isProxied(mouth.listener) { slotPlaces = nil }
        census.count(selection, isPlain: plain != nil)
        writeErrors(mouth, selection, former: moving.map { farm.selection(mouth, $0.tableSize, $0.scheduler) })
        writeConduct(mouth)
        writeCounting(mouth, moving)
        if let sessions { writeSessions(mouth, selection, table, sessions) }
        if let moving { writeFormer(mouth, moving) }
        if case .snat(let addresses) = farm.mode { translateSource(mouth, addresses) }
        if case .stateless = farm.mode { writeRewriting(mouth, moving?.backends ?? []) }
    }

    /// Chains and sets follow from configuration alone: a farm that loses its last backend changes elements, not the shape.
    ///
    /// `steady`: the detours while no slots are moving; of these, plain slots lead on to the handover, where there may be one, as a packet
    /// may be on its way while its slot begins to move.
    private mutating func course(_ selection: Selection, steady detours: [Detour], _ guards: [Detour], _ former: Detour?) -> Course {
        let isTracked = selection.path == .translate
        let handover = isTracked ? [] : [Detour.handover(from: selection)]
        let steady = Course(selection: selection, detours: detours == PlainSlots.detours && !isTracked ? detours + handover : detours)
        courses.insert(steady)
        guard !isTracked else { return steady }
        courses.insert(Course(selection: selection, detours: guards + handover))
        rows[CompiledFarm.SetName(selection.table, selection.formerMapName, selection.slotMapType)] += []
        guard let former else { return steady }
        let course = Course(selection: selection, detours: guards + [former])
        courses.insert(course)
        return course
    }

    /// `target` nil: nowhere, the listener leaves the map.
    private mutating func dispatch(_ key: KeyWriter, from origin: Dispatch.Origin, to target: String?, _ selection: Selection) {
        let name =
            key.isWhole
            ? CompiledFarm.SetName(selection.table, Dispatch.wholeMap(key.family), Dispatch.wholeType(key.family))
            : CompiledFarm.SetName(
                selection.table, Dispatch.mapName(key.family, isRange: key.isRange, from: origin),
                Dispatch.mapType(key.family, isRange: key.isRange))
        guard let target else {
            rows[name] += []
            return
        }
        key.append(to: &rows[name])
        rows[name].append(chain: target)
    }

    /// Connections begin at the hook of what the host sends. With nobody to serve them, SYNs are answered as those of others.
    private mutating func proxy(_ key: KeyWriter, to target: String?, isServed: Bool, _ selection: Selection) {
        let variant = Variant(family: key.family, isRange: key.isRange)
        let name = CompiledFarm.SetName(.inet, SynProxy.listenerSet(variant), SynProxy.listenerType(variant))
        rows[name] += []
        if isServed { key.append(to: &rows[name]) }
        dispatch(key, from: .host, to: target, selection)
        dispatch(key, from: .network, to: isServed ? ElementTable.acceptance : target, selection)
    }

    /// `plain`: for all slots but those of `detoured`; spares are not plain.
    private mutating func writeSlots(
        _ mouth: Mouth, _ selection: Selection, _ table: [UInt16], _ plain: PlainSlots?, detoured: DetouredSlots?
    ) {
        let isPlain = { (slot: Int) in plain != nil && slot < table.count && detoured?.contains(slot) != true }
        let all = CompiledFarm.SetName(selection.table, selection.slotMapName, selection.slotMapType)
        let places = table + (spares[mouth.family] ?? [])
        writeSlots(mouth, selection, places, to: all) { !isPlain($0) }
        let own = plain.map { CompiledFarm.SetName(selection.table, $0.set) }
        if let own { writeSlots(mouth, selection, places, to: own, where: isPlain) }
        let place = SlotPlace(mouth, of: farm, in: own ?? all, spares: all)
        slotPlaces?.append(place)
    }

    private mutating func writeErrors(_ mouth: Mouth, _ selection: Selection, former: Selection?) {
        guard let course = ErrorCourse(selection, former: former) else { return }
        errors.insert(course)
        let variant = Variant(family: mouth.family, isRange: mouth.key.isRange)
        let type = Dispatch.mapType(variant.family, isRange: variant.isRange)
        let name = CompiledFarm.SetName(.netdev, ErrorReports.mapName(variant), type)
        mouth.key.append(to: &rows[name])
        rows[name].append(chain: course.name)
    }

    private mutating func writeSlots(
        _ mouth: Mouth, _ selection: Selection, _ table: [UInt16], to name: CompiledFarm.SetName, where isMeant: (Int) -> Bool
    ) {
        let (farm, conditions) = (farm, conditions)
        rows[name].append(table, mouth, where: isMeant) {
            farm.value(of: farm.backends[$0], conditions[$0].nextHop, selection, mouth)
        }
    }

    private mutating func writeFormer(_ mouth: Mouth, _ moving: MovingSlots) {
        let former = farm.selection(mouth, moving.tableSize, moving.scheduler)
        let name = CompiledFarm.SetName(former.table, former.formerMapName, former.slotMapType)
        for (slot, index) in moving.slots.sorted(by: { $0.key < $1.key }) {
            let backend = moving.backends[index]
            guard let value = farm.value(of: backend.backend, backend.nextHop, former, mouth) else { continue }
            mouth.key.append(to: &rows[name], slot: UInt32(slot))
            rows[name] += value
        }
    }

    private mutating func translateSource(_ mouth: Mouth, _ addresses: [IPAddress]) {
        let (family, isRange) = (mouth.family, mouth.key.isRange)
        let own = addresses.first { $0.family == family }
        for backend in farm.backends where backend.address.family == family {
            guard let source = backend.sourceAddress ?? own else { continue }
            let name =
                mouth.key.isWhole
                ? CompiledFarm.SetName(.inet, WholeSourceTranslation.addressMap(family), WholeSourceTranslation.addressType(family))
                : CompiledFarm.SetName(
                    .inet, SourceTranslation.addressMap(family, isRange: isRange), SourceTranslation.addressType(family, isRange: isRange))
            mouth.key.append(to: &rows[name], backend: backend.address, ports: mouth.ports(of: backend))
            source.appendOctets(to: &rows[name])
        }
        guard own == nil else { return }
        let name =
            mouth.key.isWhole
            ? CompiledFarm.SetName(.inet, WholeSourceTranslation.masqueradeSet(family), WholeSourceTranslation.masqueradeType(family))
            : CompiledFarm.SetName(
                .inet, SourceTranslation.masqueradeSet(family, isRange: isRange), SourceTranslation.masqueradeType(family, isRange: isRange)
            )
        mouth.key.append(to: &rows[name])
    }
}

extension FarmPlan {
    func selection(_ mouth: Mouth) -> Selection { farm.selection(mouth, tableSize, farm.scheduler) }
}

extension Farm {
    func selection(_ mouth: Mouth, _ size: Int, _ scheduler: Scheduler) -> Selection {
        Selection(
            path: path, family: mouth.family, ports: mouth.form, modulus: size, selector: scheduler.selector(of: self),
            traffic: .init(mouth.listener.transport, path))
    }

    /// What slots say of a backend. Nil for one of dsr whose next hop is not known: it is not usable.
    func value(of backend: Backend, _ hop: NextHop?, _ selection: Selection, _ mouth: Mouth) -> [UInt8]? {
        let port = mouth.ports(of: backend).first
        switch selection.path {
        case .direct: return hop?.label.octets
        case .stateless: return BackendNumber.octets(backend.address, port: mouth.form == .kept ? 0 : port)
        case .translate:
            var value: [UInt8] = []
            backend.address.appendOctets(to: &value)
            if selection.hasPortInValue { value.append(padded: port) }
            return value
        }
    }
}

/// Ports of a listener that are one key, and what becomes of them at a backend.
struct Mouth {
    let listener: Listener
    let ports: PortRange
    let form: Selection.Ports
    let key: KeyWriter
    /// How far into the listener's range the port lies, where each port of it is a key.
    let offset: UInt16

    init(_ listener: Listener, _ ports: PortRange, _ form: Selection.Ports, offset: UInt16 = 0) {
        (self.listener, self.ports, self.form, self.offset) = (listener, ports, form, offset)
        key = KeyWriter(listener, ports, isRange: form != .single)
    }

    /// A listener that takes its whole address; its ports are all there are.
    init(whole listener: Listener) {
        guard let ports = PortRange(1, .max) else { preconditionFailure("a legal range") }
        (self.listener, self.ports, form, offset) = (listener, ports, .whole, 0)
        key = KeyWriter(whole: listener.address)
    }

    var family: AddressFamily { listener.address.family }

    /// Where the backend takes these ports of the listener; more than one only where they are kept.
    func ports(of backend: Backend) -> PortRange {
        guard let own = backend.port, own != ports else { return ports }
        return own.isSingle ? own : PortRange(own.first + offset) ?? own
    }
}
