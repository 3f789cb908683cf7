import FarmModel
import NetTypes

extension Reconciler {
    /// Says once for each family that packets of its farms cannot leave the host, and once that they can again.
    func lookForForwarding() {
        let wanted = desired.farms.values.filter(\.mode.needsForwarding).reduce(into: Set<AddressFamily>()) { families, farm in
            families.formUnion(farm.backends.map(\.address.family))
        }
        let missing = wanted.filter { network.isForwarding($0) == false }
        for family in missing.subtracting(unforwarded).sorted() {
            log.warning(
                "this host forwards nothing: backends on other hosts get no connections from dnat, snat and stateless farms",
                metadata: ["sysctl": "\(family.forwardingSwitch)=0"])
        }
        for family in unforwarded.subtracting(missing).intersection(wanted).sorted() {
            log.notice("this host forwards again", metadata: ["sysctl": "\(family.forwardingSwitch)=1"])
        }
        unforwarded = missing
    }

    /// For `lbctl why`.
    func forwardingFinding(_ backend: Backend, _ farm: Farm) -> String? {
        guard farm.mode.needsForwarding, unforwarded.contains(backend.address.family) else { return nil }
        let family = backend.address.family
        return "this host does not forward (\(family.forwardingSwitch)=0): a backend on another host gets nothing"
    }
}

extension ForwardingMode {
    /// Packets come in by one device and leave by another, through routing.
    fileprivate var needsForwarding: Bool {
        switch self {
        case .dnat, .snat, .stateless: true
        case .dsr, .local: false
        }
    }
}

extension AddressFamily {
    fileprivate var forwardingSwitch: String { self == .ipv4 ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding" }
}
