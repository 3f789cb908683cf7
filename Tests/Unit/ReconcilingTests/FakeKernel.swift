import Glibc
import NetTypes
import Ruleset
import Seams
import Synchronization

/// The model kernel as a driver that tests share: they look into it, let it refuse, and let others commit to it.
final class FakeKernel: RulesetDriver, Sendable {
    struct State: Sendable {
        var kernel = ModelKernel()
        /// What it took from us, the claim aside.
        var batches: [Batch] = []
        /// What it held after each of them.
        var history: [Ruleset] = []
        var attempts = 0
        var dumps = 0
        /// What the next commits are refused with, first come first served.
        var refusals: [DriverError] = []
        /// What every commit is refused with for as long as it stands.
        var standingRefusal: DriverError?
        /// What is thrown after the next commit was done.
        var lostAnswer: DriverError?
        /// What the next dumps fail with.
        var dumpFaults: [DriverError] = []
        var claimFault: DriverError?
        /// What another process commits just before our next attempts.
        var interruptions: [Batch] = []
        var isOwned = true
        /// Commits wait for as long as it stands.
        var isHeld = false
        /// What every rule that counts has counted; nil: counters cannot be read.
        var packets: (@Sendable () -> UInt64)? = { 0 }
        /// What elements have counted, by set; those that are not named: nothing.
        var elementCounters: [String: ElementCounters] = [:]
        /// How many elements dynamic sets are said to have, by name.
        var fills: [String: Int] = [:]
    }

    private static let ours: UInt32 = 1
    private static let others: UInt32 = 2
    let state: Mutex<State>

    init(isOwned: Bool = true) {
        var state = State(isOwned: isOwned)
        // A socket that is not open cannot own.
        if isOwned { state.kernel.open(socket: Self.ours) }
        self.state = Mutex(state)
    }

    var ownsTables: Bool { state.withLock(\.isOwned) }

    func claim() throws(DriverError) {
        try state.withLock { state throws(DriverError) in
            if let fault = state.claimFault { throw fault }
            _ = try Self.apply(Batch([.addTable(.inet)]), Self.ours, nil, &state.kernel)
        }
    }

    func commit(_ batch: Batch, expecting expected: UInt32?) throws(DriverError) -> UInt32 {
        // As the kernel does: the thread is blocked, and nothing wakes it but the answer.
        while state.withLock(\.isHeld) { usleep(200) }
        return try state.withLock { state throws(DriverError) in
            state.attempts += 1
            if !state.interruptions.isEmpty { _ = try Self.apply(state.interruptions.removeFirst(), Self.others, nil, &state.kernel) }
            if !state.refusals.isEmpty { throw state.refusals.removeFirst() }
            if let refusal = state.standingRefusal { throw refusal }
            let generation = try Self.apply(batch, Self.ours, expected, &state.kernel)
            state.batches.append(batch)
            state.history.append(state.kernel.ruleset)
            if let fault = state.lostAnswer {
                state.lostAnswer = nil
                throw fault
            }
            return generation
        }
    }

    func dump(recognising expected: Ruleset) throws(DriverError) -> (ruleset: Ruleset, foreign: [String], generation: UInt32) {
        try state.withLock { state throws(DriverError) in
            state.dumps += 1
            if !state.dumpFaults.isEmpty { throw state.dumpFaults.removeFirst() }
            return (state.kernel.ruleset, [], state.kernel.generation)
        }
    }

    func generation() throws(DriverError) -> UInt32 { state.withLock { $0.kernel.generation } }

    func counters() throws(DriverError) -> [TableFamily: [String: [RuleCounter?]]] {
        let (ruleset, packets) = state.withLock { ($0.kernel.ruleset, $0.packets?()) }
        guard let packets else { throw .broken }
        return Dictionary(
            uniqueKeysWithValues: ruleset.tables.map { table in
                let chains = table.chains.map { chain in
                    (chain.name, chain.rules.map { $0.statements.contains(.counter) ? RuleCounter(packets: packets, bytes: 0) : nil })
                }
                return (table.family, Dictionary(uniqueKeysWithValues: chains))
            })
    }

    /// What tests have committed to the set; it stays.
    func elements(of set: String, in family: TableFamily, type: SetType) throws(DriverError) -> DynamicElements {
        let rows = ruleset[family]?.set(set)?.elements ?? ElementTable(type.layout)
        return DynamicElements(rows: rows, remaining: Array(repeating: nil, count: rows.count))
    }

    func elementCounters(of set: String, in family: TableFamily, type: SetType) throws(DriverError) -> ElementCounters {
        let (rows, counted) = state.withLock { ($0.kernel.ruleset[family]?.set(set)?.elements, $0.elementCounters[set] ?? [:]) }
        guard let rows else { throw DriverError(kind: .refused, errno: 2, message: "no such set") }
        return (0..<rows.count).reduce(into: [:]) { result, index in
            let identity = Array(rows.identity(index))
            result[identity] = counted[identity] ?? RuleCounter(packets: 0, bytes: 0)
        }
    }

    func count(of set: String, in family: TableFamily) throws(DriverError) -> Int {
        state.withLock { $0.fills[set] ?? $0.kernel.ruleset[family]?.set(set)?.count ?? 0 }
    }

    private static func apply(
        _ batch: Batch, _ socket: UInt32, _ expected: UInt32?, _ kernel: inout ModelKernel
    ) throws(DriverError) -> UInt32 {
        do { return try kernel.apply(batch, from: socket, expecting: expected) } catch {
            let kind: DriverError.Kind = error.errno == 85 ? .staleGeneration : .refused
            throw DriverError(kind: kind, errno: error.errno, object: error.object, message: "the model refused")
        }
    }
}

extension FakeKernel {
    var ruleset: Ruleset { state.withLock { $0.kernel.ruleset } }
    var batches: [Batch] { state.withLock(\.batches) }
    var attempts: Int { state.withLock(\.attempts) }
    var dumps: Int { state.withLock(\.dumps) }

    func forgetHistory() { state.withLock { $0.history = [] } }
    func change(_ change: @Sendable (inout State) -> Void) { state.withLock { change(&$0) } }

    /// A commit that is not the reconciler's; returns its generation.
    @discardableResult
    func commitForeign(_ batch: Batch) throws(DriverError) -> UInt32 {
        try state.withLock { state throws(DriverError) in
            try Self.apply(batch, state.isOwned ? Self.ours : Self.others, nil, &state.kernel)
        }
    }

    /// The backends that new connections to the endpoint, or packets with these flags, are sent to, as seen from many clients.
    func reached(_ text: String, _ transport: TransportProtocol = .tcp, flags: TCPFlags = .syn) -> Set<String> {
        guard let destination = Endpoint(text) else { return ["\(text) is no endpoint"] }
        return Self.reached(destination, transport, flags, ruleset)
    }

    /// Whether clients of the endpoint were turned away after any of our commits since the last `forgetHistory`.
    func everRejected(_ text: String) -> Bool {
        guard let destination = Endpoint(text) else { return false }
        return state.withLock(\.history).contains { Self.reached(destination, .tcp, .syn, $0) == ["reject"] }
    }

    /// Whether it held such a ruleset after any of our commits since the last `forgetHistory`.
    func everHeld(_ isSuch: (Ruleset) -> Bool) -> Bool { state.withLock(\.history).contains(where: isSuch) }

    private static func reached(
        _ destination: Endpoint, _ transport: TransportProtocol, _ flags: TCPFlags, _ ruleset: Ruleset
    ) -> Set<String> {
        let tracer = Tracer(ruleset)
        return (1...120).reduce(into: []) { ends, client in
            let source = Endpoint(address: IPAddress(v4: 0xC633_6400 + UInt32(client)), port: 40_000 + UInt16(client))
            let packet = Packet(device: "eth1", source: source, destination: destination, transport: transport, flags: flags)
            for trace in tracer.trace(packet) {
                ends.insert(trace.fate.shortWords)
            }
        }
    }
}

extension PacketFate {
    fileprivate var shortWords: String {
        switch self {
        case .translated(let endpoint, _), .rewritten(let endpoint, _, _), .answered(let endpoint, _): endpoint.description
        case .forwarded(let mac, _, _): mac.description
        case .rejected: "reject"
        case .challenged: "challenge"
        case .dropped: "drop"
        case .passed: "pass"
        }
    }
}

extension DriverError {
    static let noRoom = DriverError(kind: .noRoom, errno: 12, message: "the kernel has no room")
    static let cannot = DriverError(kind: .refused, errno: 2, message: "the kernel lacks something")
    static let broken = DriverError(kind: .broken, errno: 104, message: "the socket failed")
}
