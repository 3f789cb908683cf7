import FarmModel
import NetTypes
import Ruleset

/// The dynamic sets that limits keep. An element brings the limit of the rule that made it, so that each limit has sets of its own:
/// their number grows with different limits, not with farms.
enum LimitSets {
    /// Elements of a set; when it is full, further sources are not limited.
    static let size: UInt32 = 65_536

    static func connectionRates(_ scope: LimitScope, _ family: AddressFamily, _ rate: Rate) -> ElementSet {
        rates("new-per-source", scope, family, rate)
    }

    static func resetRates(_ scope: LimitScope, _ family: AddressFamily, _ rate: Rate) -> ElementSet {
        rates("resets-per-source", scope, family, rate)
    }

    static func connections(_ scope: LimitScope, _ family: AddressFamily, _ count: UInt32) -> ElementSet {
        set("\(scope.prefix)connections-per-source\(family.rawValue)-\(count)", scope.sourceKey(family), .init(size: size))
    }

    static func banned(_ scope: LimitScope, _ family: AddressFamily, seconds: UInt32) -> ElementSet {
        set("\(scope.prefix)banned\(family.rawValue)-\(seconds)s", scope.sourceKey(family), .init(size: size, timeout: seconds))
    }

    static func backendConnections(_ scope: LimitScope, _ family: AddressFamily, hasPort: Bool, _ count: UInt32) -> ElementSet {
        let name = "\(scope.prefix)\(hasPort ? "backend" : "host")-connections\(family.rawValue)-\(count)"
        return set(name, scope.backendKey(family, hasPort: hasPort), .init(size: size))
    }

    private static func rates(_ role: String, _ scope: LimitScope, _ family: AddressFamily, _ rate: Rate) -> ElementSet {
        set(
            "\(scope.prefix)\(role)\(family.rawValue)-\(rate.count)-\(rate.unit.letter)-\(rate.burst)", scope.sourceKey(family),
            .init(size: size, timeout: rate.secondsToFill))
    }

    private static func set(_ name: String, _ key: Key, _ dynamic: SetType.Dynamic) -> ElementSet {
        ElementSet(name: name, type: SetType(key: key.parts.map(\.field), dynamic: dynamic))
    }
}

extension Rate {
    /// After which a source that has been silent is like one that never came: its bucket is full again.
    fileprivate var secondsToFill: UInt32 {
        let (filling, isTooLong) = burst.multipliedReportingOverflow(by: unit.seconds)
        return UInt32(min(Self.longest, isTooLong ? Self.longest : filling / count + 1))
    }

    private static let longest = 30 * 86400
}

extension RateLimit {
    /// The kernel keeps buckets in nanoseconds, 64 bits of them, and refuses larger ones.
    init(_ rate: Rate) {
        let unit: Unit =
            switch rate.unit {
            case .second: .second
            case .minute: .minute
            case .hour: .hour
            case .day: .day
            }
        let token = UInt64(rate.unit.seconds) * 1_000_000_000 / UInt64(rate.count)
        self.init(count: UInt64(rate.count), per: unit, burst: UInt32(clamping: min(UInt64(rate.burst), UInt64.max / max(1, token))))
    }
}
