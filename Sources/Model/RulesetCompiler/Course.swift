import FarmModel
import Ruleset

/// The chains that a listener's packets go through: detours for the features that its farm uses, then the selection.
///
/// A farm without detours goes straight to its selection: who does not use a feature pays nothing for it.
struct Course: Sendable, Hashable {
    let selection: Selection
    /// In the order in which packets meet them.
    var detours: [Detour] = []

    /// The chain that dispatch goes to.
    var entry: String { steps.last?.name ?? selection.name }

    /// Each chain stands behind those that it goes to.
    var chains: [Chain] { [selection.chain] + steps }

    var sets: [ElementSet] {
        let own = ElementSet(name: selection.slotMapName, type: selection.slotMapType)
        return [own] + (PlainSlots(selection).map { [$0.set] } ?? []) + detours.flatMap { $0.sets(before: selection) }
    }

    private var steps: [Chain] {
        detours.reversed().reduce(into: []) { chains, detour in
            chains += detour.chains(next: chains.last?.name ?? selection.name, selection)
        }
    }
}

/// What happens to a packet between dispatch and selection.
enum Detour: Sendable, Hashable {
    /// Policies and limits decide.
    case guarded(GuardProfile)
    /// What has passed is logged, marked, and given its conntrack helper.
    case attended(Attendance)
    /// Nothing is asked but the backend.
    case plain
    /// Slots of the table `from` are moving: flows go where they began, others on, or where `noBackend` says.
    case handover(from: Selection, noBackend: NoBackendAction? = nil)
    /// Clients keep their backends.
    case sessions(SessionChain)

    /// In the order of creation; the last is the one to enter.
    func chains(next: String, _ selection: Selection) -> [Chain] {
        switch self {
        case .guarded(let profile): GuardChain(profile: profile, next: next).chains
        case .attended(let attendance): attendance.chains(next: next)
        case .plain: PlainSlots(selection).map { [$0.chain(next: next)] } ?? []
        case .handover(let former, let noBackend):
            [HandoverChain(former: former, selection: selection, noBackend: noBackend).chain(next: next)]
        case .sessions(let sessions): [sessions.chain(next: next, selection)]
        }
    }

    func sets(before selection: Selection) -> [ElementSet] {
        switch self {
        case .guarded(let profile): profile.sets
        case .attended, .plain: []
        case .handover(let former, let noBackend): HandoverChain(former: former, selection: selection, noBackend: noBackend).sets
        case .sessions(let sessions): sessions.sets(selection)
        }
    }

    /// How the names of chains begin that packets meet first, and that end in `goto` the next.
    static let guardRoles = [GuardChain.role, Attendance.role]

    /// The conntrack helper that it assigns.
    var helper: HelperObject? {
        if case .attended(let attendance) = self { attendance.helper } else { nil }
    }
}

/// Chain names that would be too long for the kernel's verdict maps end in a digest of the whole.
func chainName(_ name: String) -> String {
    guard name.utf8.count >= ElementTable.verdictLength else { return name }
    let digest = String(identity(of: name), radix: 16)
    return "\(name.prefix(ElementTable.verdictLength - 2 - digest.utf8.count))-\(digest)"
}
