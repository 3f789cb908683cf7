import NetTypes
import Ruleset

/// dsr: the frame names its backend; source and device follow from it.
///
/// It does so by the backend's MAC, or by a label where one MAC stands behind several devices (`NextHop.label`).
enum Direct {
    static let forwardChain = "forward"
    static let deviceMap = "next-hops"
    static let destinationMap = "destinations"
    static let deviceMapType = SetType(key: [.mac], value: .verdict)
    static let destinationMapType = SetType(key: [.mac], value: .fields([.mac]))
    private static let destination = Key(.mac(.destination))

    /// `first`: what is asked while the frame still names the backend.
    static func chains(_ ways: Ways, behind first: [Rule]) -> [Chain] {
        let noWay = Rule(.counter, .verdict(.drop))
        // Nothing to ask where all backends are behind one device.
        guard ways.all.count > 1 else { return [Chain(forwardChain, rules: first + ways.all.flatMap(rules) + [noWay])] }
        return ways.all.map { Chain(chain(to: $0.device), rules: rules($0)) }
            + [Chain(forwardChain, rules: first + [Rule(.verdictMap(destination, map: deviceMap)), noWay])]
    }

    static func sets(_ ways: Ways) -> [ElementSet] {
        let shared = ways.hops.filter(\.isShared)
        var (devices, destinations): ([UInt8], [UInt8]) = ([], [])
        for hop in ways.hops {
            devices += hop.label.octets
            devices.append(chain: chain(to: hop.device))
        }
        for hop in shared { destinations += hop.label.octets + hop.destination.octets }
        return (ways.all.count > 1 ? [set(deviceMap, deviceMapType, devices)] : [])
            + (shared.isEmpty ? [] : [set(destinationMap, destinationMapType, destinations)])
    }

    private static func set(_ name: String, _ type: SetType, _ rows: [UInt8]) -> ElementSet {
        ElementSet(name: name, type: type, fragments: [.shared: ElementTable(type.layout, unsortedRows: rows)])
    }

    private static func chain(to device: NetworkDevice) -> String { "\(forwardChain)-\(device.name)" }

    private static func rules(_ way: Way) -> [Rule] {
        let unlabel = way.isShared ? [Rule(.setMAC(.destination, destination, map: destinationMap))] : []
        return unlabel + [Rule(leave(by: way))]
    }

    /// The source is rewritten too, or switches would learn the client's router behind our port.
    static func leave(by way: Way) -> [Statement] { [.setMACTo(.source, way.source), .forwardOut(way.device)] }

    /// A device by which backends are reached.
    struct Way {
        let device: NetworkDevice
        let source: MACAddress
        /// Some MACs behind it stand behind others too.
        let isShared: Bool
    }

    struct Ways {
        let hops: Set<NextHop>
        /// In the order of devices.
        let all: [Way]

        /// Nil where a frame has to be asked for its way, or for its backend's MAC.
        var only: Way? { all.count == 1 && !all[0].isShared ? all[0] : nil }

        init(_ hops: Set<NextHop>) {
            self.hops = hops
            let byDevice = Dictionary(grouping: hops, by: \.device).sorted { $0.key < $1.key }
            // A device has one address; while it changes, all runs have to choose alike.
            all = byDevice.compactMap { device, hops in
                hops.map(\.source).min().map { Way(device: device, source: $0, isShared: hops.contains(where: \.isShared)) }
            }
        }
    }
}
