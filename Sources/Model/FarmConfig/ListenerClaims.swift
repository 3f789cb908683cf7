import FarmModel
import NetTypes

/// Who claims which address, protocol and ports, over all files.
struct ListenerClaims {
    fileprivate struct Claim {
        let listener: Listener
        let range: PortRange
        let spot: Spot
        let file: Int
        /// Farms are counted, not named: a faulty one may have no name.
        let farm: Int
        let farmName: String
        let mode: ForwardingMode
    }

    private static let everyPort: PortRange = {
        guard let ports = PortRange(1, .max) else { preconditionFailure("a legal range") }
        return ports
    }()

    private var claims: [Claim] = []
    private var farmCount = 0

    mutating func add(_ draft: FarmDraft, file: Int) {
        for entry in draft.listeners.entries {
            claims += (entry.value.isWhole ? [Self.everyPort] : entry.value.ports).map {
                Claim(
                    listener: entry.value, range: $0, spot: entry.spot, file: file, farm: farmCount, farmName: draft.farm.name,
                    mode: draft.farm.mode)
            }
        }
        farmCount += 1
    }

    /// Reports every claim that overlaps with an earlier one, at the later one.
    func reportConflicts(in sources: FileSources, to log: FaultLog) {
        var holder: Claim?
        for claim in claims.sorted(by: Self.precedes) {
            if let other = holder, other.isSameService(as: claim), other.range.last >= claim.range.first {
                let (first, second) = Self.inReadingOrder(other, claim)
                Self.report(second, against: first, in: sources, to: log)
                holder = other.range.last > claim.range.last ? other : claim
            } else {
                holder = claim
            }
        }
        reportUnheard(in: sources, to: log)
    }

    /// A listener with ports comes before one that takes the whole address, but not if that one is asked at an earlier hook, or sees to
    /// it that all that is translated at the address gets another source.
    private func reportUnheard(in sources: FileSources, to log: FaultLog) {
        let whole = Dictionary(claims.filter { $0.listener.isWhole }.map { ($0.listener.address, $0) }) { first, _ in first }
        guard !whole.isEmpty else { return }
        var reported: Set<Int> = []
        for claim in claims where !claim.listener.isWhole && !log.isFull {
            guard let other = whole[claim.listener.address], other.farm != claim.farm,
                let reason = Self.objection(to: claim.mode, beside: other.mode), reported.insert(claim.farm).inserted
            else { continue }
            let place = sources.source(other.file).place(other.spot)
            sources.enter(claim.file, log)
            log.report(
                .wholeAddress, "\(claim.listener) would not be heard: \(reason)", at: claim.spot,
                hint: "give both farms one mode, or another address to one of them", explain: "farm.listen.protocol",
                related: [.init(place: place, message: "\(other.listener) of farm \(other.farmName.quoted)")])
        }
    }

    private static func objection(to mode: ForwardingMode, beside whole: ForwardingMode) -> String? {
        switch (whole, mode) {
        case (.dsr, .dnat), (.dsr, .snat), (.dsr, .local):
            "dsr takes all of the address before mode \(mode.name) is asked"
        case (.snat, .dnat), (.snat, .local): "snat gives all that is translated at the address another source"
        default: nil
        }
    }

    private static func precedes(_ left: Claim, _ right: Claim) -> Bool {
        let (a, b) = (left.listener, right.listener)
        if a.address != b.address { return a.address < b.address }
        if a.transport != b.transport { return a.transport < b.transport }
        if left.range != right.range { return left.range < right.range }
        return left.isBefore(right)
    }

    private static func inReadingOrder(_ left: Claim, _ right: Claim) -> (Claim, Claim) {
        left.isBefore(right) ? (left, right) : (right, left)
    }

    private static func report(_ claim: Claim, against other: Claim, in sources: FileSources, to log: FaultLog) {
        let shared = PortRange(max(claim.range.first, other.range.first), min(claim.range.last, other.range.last)) ?? claim.range
        let service = Listener(
            address: claim.listener.address, transport: claim.listener.transport, ports: claim.listener.isWhole ? [] : [shared])
        let otherPlace = sources.source(other.file).place(other.spot)
        sources.enter(claim.file, log)
        let isOwn = claim.farm == other.farm
        log.report(
            isOwn ? .listenerTwice : .listenerClaimed, isOwn ? "\(service) is listed twice" : "\(service) belongs to another farm already",
            at: claim.spot, hint: isOwn ? "leave one out" : "an address, protocol and port belongs to one farm", explain: "farm.listen",
            related: [.init(place: otherPlace, message: "\(other.listener)" + (isOwn ? "" : " of farm \(other.farmName.quoted)"))])
    }
}

extension ListenerClaims.Claim {
    fileprivate func isSameService(as other: Self) -> Bool {
        listener.address == other.listener.address && listener.transport == other.listener.transport
    }

    fileprivate func isBefore(_ other: Self) -> Bool { (file, spot) < (other.file, other.spot) }
}
