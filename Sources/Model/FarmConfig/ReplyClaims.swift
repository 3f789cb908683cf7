import FarmModel
import NetTypes

/// Whose replies come from which address, protocol and port, over all files. A stateless backend's replies are rewritten by nothing but
/// where they come from, and not tracked: they can belong to one listener only, and to no farm whose connections are tracked.
struct ReplyClaims {
    fileprivate struct Claim {
        let address: IPAddress
        let transport: TransportProtocol
        let range: PortRange
        let listener: Spot
        let backend: Spot
        let file: Int
        /// Farms are counted, as in `ListenerClaims`.
        let farm: Int
        let farmName: String
    }

    private var claims: [Claim] = []
    private var farmCount = 0

    mutating func add(_ draft: FarmDraft, file: Int) {
        guard draft.isLegal, draft.farm.mode == .stateless else { return }
        farmCount += 1
        for entry in draft.backends.entries {
            for listener in draft.listeners.entries where listener.value.address.family == entry.backend.address.family {
                claims += listener.value.ports.map {
                    Claim(
                        address: entry.backend.address, transport: listener.value.transport, range: entry.backend.port ?? $0,
                        listener: listener.spot, backend: entry.spot, file: file, farm: farmCount, farmName: draft.farm.name)
                }
            }
        }
    }

    func reportConflicts(with farms: [Farm], _ origins: (String) -> SourcePlace?, in sources: FileSources, to log: FaultLog) {
        guard !claims.isEmpty else { return }
        let sorted = claims.sorted(by: Self.precedes)
        reportTwins(sorted, in: sources, to: log)
        let byAddress = Dictionary(grouping: sorted, by: \.address)
        for farm in farms where farm.mode.usesConntrack {
            guard !log.isFull, let clash = Self.clash(of: farm, byAddress) else { continue }
            sources.enter(clash.file, log)
            log.report(
                .repliesClash, "replies of \(clash) are not tracked, which farm \(farm.name.quoted) needs", at: clash.backend,
                hint: "give one of the farms another address or port", explain: "farm.mode",
                related: origins(farm.name).map { [.init(place: $0, message: "farm \(farm.name.quoted)")] } ?? [])
        }
    }

    /// Within a farm the later listener is at fault, once; among farms the later backend.
    private func reportTwins(_ sorted: [Claim], in sources: FileSources, to log: FaultLog) {
        var reported: Set<Spot> = []
        var holder: Claim?
        for claim in sorted {
            guard let other = holder, other.isSameService(as: claim), other.range.last >= claim.range.first else {
                holder = claim
                continue
            }
            let (first, second) = claim.isBefore(other) ? (claim, other) : (other, claim)
            let isNew = first.farm != second.farm || reported.insert(second.listener).inserted
            if isNew, !log.isFull { Self.report(second, against: first, in: sources, to: log) }
            holder = other.range.last > claim.range.last ? other : claim
        }
    }

    private static func report(_ claim: Claim, against other: Claim, in sources: FileSources, to log: FaultLog) {
        let isOwn = claim.farm == other.farm
        let otherPlace = sources.source(other.file).place(isOwn ? other.listener : other.backend)
        sources.enter(claim.file, log)
        log.report(
            .repliesClash,
            isOwn
                ? "replies of \(claim) could be of either listener: nothing remembers which"
                : "replies of \(claim) belong to another stateless farm already",
            at: isOwn ? claim.listener : claim.backend, hint: "give the backend another port for each, or use mode dnat",
            explain: "farm.mode",
            related: [.init(place: otherPlace, message: isOwn ? "the first listener" : "backend of farm \(other.farmName.quoted)")])
    }

    /// The first claim on an address and port where a farm's connections come back from.
    private static func clash(of farm: Farm, _ claims: [IPAddress: [Claim]]) -> Claim? {
        for backend in farm.backends {
            guard let own = claims[backend.address] else { continue }
            for listener in farm.listeners where listener.address.family == backend.address.family {
                for ports in listener.ports {
                    let range = backend.port ?? ports
                    if let clash = own.first(where: { $0.transport == listener.transport && $0.range.overlaps(range) }) { return clash }
                }
            }
        }
        return nil
    }

    private static func precedes(_ left: Claim, _ right: Claim) -> Bool {
        if left.address != right.address { return left.address < right.address }
        if left.transport != right.transport { return left.transport < right.transport }
        if left.range != right.range { return left.range < right.range }
        return left.isBefore(right)
    }
}

extension ReplyClaims.Claim: CustomStringConvertible {
    var description: String { "\(address.bracketed):\(range)/\(transport)" }

    fileprivate func isSameService(as other: Self) -> Bool { address == other.address && transport == other.transport }
    fileprivate func isBefore(_ other: Self) -> Bool {
        if file != other.file { return file < other.file }
        return farm == other.farm ? listener < other.listener : backend < other.backend
    }
}
