import FarmModel
import HealthPolicy
import NetTypes

/// What is in transition, as it is stored: by farm; times on CLOCK_MONOTONIC, as a machine that boots has nothing to hand over.
public struct KeptHandovers: Codable, Sendable, Equatable {
    fileprivate var farms: [String: [Entry]]

    public init(_ transitions: [String: [Transition]]) { farms = transitions.mapValues { $0.map(Entry.init) } }

    /// What cannot be understood is left out: it was written by another version.
    public var transitions: [String: [Transition]] {
        farms.mapValues { $0.compactMap(\.transition) }.filter { !$0.value.isEmpty }
    }

    fileprivate struct Entry: Codable, Equatable {
        var family: UInt8
        var isHeld: Bool
        var began: Int64
        var tableSize: Int
        var scheduler: String
        var inputs: [String]
        var prefixes: [Int]
        var former: [Server]
        /// Index into `former` and time by slot.
        var moves: [Int: Mark]
        var strays: [Mark]
        /// Nil in files of versions before it was known.
        var touched: [Int]?
    }

    fileprivate struct Mark: Codable, Equatable {
        var former: Int
        var at: Int64
    }

    fileprivate struct Server: Codable, Equatable {
        var name, address: String
        /// The first and the last.
        var ports: [UInt16]
        var isPortless: Bool
    }
}

extension KeptHandovers.Entry {
    fileprivate init(_ transition: Transition) {
        let order = transition.former.keys.sorted()
        let index = Dictionary(uniqueKeysWithValues: zip(order, order.indices))
        let (counting, hash) = (transition.counting, transition.counting.scheduler.hashInputs)
        self.init(
            family: transition.family.rawValue, isHeld: transition.kind == .held, began: transition.began.nanoseconds,
            tableSize: counting.tableSize, scheduler: counting.scheduler.name, inputs: hash?.inputs.map(\.rawValue) ?? [],
            prefixes: hash.map { [$0.prefixes.ipv4, $0.prefixes.ipv6] } ?? [],
            former: order.compactMap { key in transition.former[key].map { KeptHandovers.Server($0, at: key) } },
            moves: transition.moves.compactMapValues { move in
                index[move.destination].map { KeptHandovers.Mark(former: $0, at: move.since.nanoseconds) }
            },
            strays: order.compactMap { key in
                transition.strays[key].flatMap { at in index[key].map { KeptHandovers.Mark(former: $0, at: at.nanoseconds) } }
            },
            touched: transition.touched.sorted())
    }

    fileprivate var transition: Transition? {
        guard let family = AddressFamily(rawValue: family), let scheduler = storedScheduler else { return nil }
        let servers = former.map { server in server.backend.map { (server.destination($0), $0) } }
        var result = Transition(
            family, isHeld ? .held : .remembered, SlotCounting(tableSize: tableSize, scheduler: scheduler),
            began: MonotonicInstant(nanoseconds: began))
        func known(_ mark: KeptHandovers.Mark) -> Destination? { servers.indices.contains(mark.former) ? servers[mark.former]?.0 : nil }
        result.moves = moves.compactMapValues { mark in
            known(mark).map { Transition.Move($0, since: MonotonicInstant(nanoseconds: mark.at)) }
        }
        result.touched = Set(touched ?? [])
        for mark in strays { if let destination = known(mark) { result.strays[destination] = MonotonicInstant(nanoseconds: mark.at) } }
        for case (let destination, let backend)? in servers { result.former[destination] = backend }
        return result
    }

    private var storedScheduler: Scheduler? {
        if scheduler == Scheduler.symmetricHash.name { return .symmetricHash }
        let known = inputs.compactMap(HashInput.init(rawValue:))
        guard known.count == inputs.count, prefixes.count == 2,
            let hash = HashInputs(known, prefixes: AddressPrefixes(ipv4: prefixes[0], ipv6: prefixes[1]))
        else { return nil }
        return scheduler == Scheduler.hash(hash).name ? .hash(hash) : .maglev(hash)
    }
}

extension KeptHandovers.Server {
    fileprivate init(_ backend: Backend, at destination: Destination) {
        self.init(
            name: backend.name, address: backend.address.description, ports: backend.port.map { [$0.first, $0.last] } ?? [],
            isPortless: destination.port == nil)
    }

    fileprivate var backend: Backend? {
        guard let address = IPAddress(address) else { return nil }
        return Backend(name: name, address: address, port: ports.count == 2 ? PortRange(ports[0], ports[1]) : nil)
    }

    fileprivate func destination(_ backend: Backend) -> Destination { Destination(of: backend, isPortless ? .dsr : .stateless) }
}
