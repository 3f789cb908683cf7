import FarmModel
import NetTypes
import Ruleset

/// What is done with packets that policies and limits have let pass, before they are balanced: a detour.
struct Attendance: Sendable, Hashable {
    let family: AddressFamily
    /// Nil where only the first packet of a connection comes by.
    let transport: TransportProtocol?
    /// A conntrack helper; before translation, so that the kernel expects sequence numbers to shift.
    let helper: HelperObject?
    let log: FarmLog?
    /// Of every packet; where conntrack lets only first ones by, marks are set at another hook (`PacketMarks`).
    let mark: UInt32?

    static let role = "attend"

    /// Its bucket belongs to a rule of the farm's own.
    struct FarmLog: Sendable, Hashable {
        let farm: String
        let prefix: String
        /// Nil for all.
        let rate: Rate?
    }

    /// Nil for a farm that asks for nothing of it.
    init?(_ farm: Farm, _ family: AddressFamily, _ transport: TransportProtocol) {
        let isTracked = farm.mode.usesConntrack
        self.family = family
        self.transport = isTracked ? nil : transport
        let helps = farm.helper.map { isTracked && $0.transports.contains(transport) && $0.families.contains(family) } ?? false
        helper = helps ? farm.helper.map { HelperObject($0, transport) } : nil
        log = farm.log.map { FarmLog(farm: farm.name, prefix: farm.logPrefix, rate: $0.rate) }
        mark = isTracked ? nil : farm.mark
        guard helper != nil || log != nil || mark != nil else { return nil }
    }

    /// In the order of creation; the last is the one to enter.
    func chains(next: String) -> [Chain] {
        let rules = markRules + helperRules + logRules + [Rule(.verdict(.goto(next)))]
        return (log.map { [$0.chain] } ?? []) + [Chain("\(Self.role)\(family.rawValue)-\(digest(rules))", rules: rules)]
    }

    private var markRules: [Rule] { mark.map { [Rule(.setMark($0))] } ?? [] }

    private var helperRules: [Rule] { helper.map { [Rule(.transport($0.transport), .assignHelper($0.name))] } ?? [] }

    private var logRules: [Rule] {
        let opening: [Statement] = transport == .tcp ? [.tcpFlags(.syn, among: [.fin, .syn, .rst, .ack])] : []
        return log.map { [Rule(opening + [.verdict(.jump($0.chain.name))])] } ?? []
    }
}

extension Attendance.FarmLog {
    var chain: Chain {
        let limit: [Statement] = rate.map { [.rate(RateLimit($0), isOver: false)] } ?? []
        return Chain(chainName("log-\(farm)"), rules: [Rule(limit + [.log(prefix: prefix)])])
    }
}

extension HelperObject {
    /// One object a transport; the kernel takes the helper of the connection's family by itself.
    init(_ helper: ConnectionHelper, _ transport: TransportProtocol) {
        self.init(name: "\(helper.rawValue)-\(transport)", type: helper.rawValue, transport: transport)
    }
}
