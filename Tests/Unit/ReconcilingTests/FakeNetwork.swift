import NetTypes
import Seams
import Synchronization

/// One link, eth1, on which 10.0.0.0/8 is; and who has answered there.
final class FakeNetwork: NetworkObserver {
    struct Unreadable: Error {}
    private struct State {
        var isUp = true
        var isReadable = true
        var isForwarding = true
        var neighbours: [NetworkView.Neighbour: MACAddress] = [:]
        var asked: [IPAddress] = []
    }
    static let device = NetworkDevice(index: 7, name: "eth1")
    private let state = Mutex(State())

    var asked: [IPAddress] { state.withLock(\.asked) }
    func set(isUp: Bool) { state.withLock { $0.isUp = isUp } }
    func set(isForwarding: Bool) { state.withLock { $0.isForwarding = isForwarding } }
    func isForwarding(_ family: AddressFamily) -> Bool? { state.withLock(\.isForwarding) }
    func set(isReadable: Bool) { state.withLock { $0.isReadable = isReadable } }

    /// Somebody answers for the address, as the kernel then says.
    func answer(_ address: String, _ mac: String?) -> KernelEvent? {
        guard let address = IPAddress(address) else { return nil }
        let mac = mac.flatMap { MACAddress($0) }
        state.withLock { $0.neighbours[.init(address: address, device: Self.device.index)] = mac }
        return .neighbour(address, device: Self.device.index, mac)
    }

    var link: LinkState {
        LinkState(device: Self.device, mac: MACAddress("02:00:00:00:00:fe"), isUp: state.withLock(\.isUp), isLoopback: false)
    }

    func read() throws -> NetworkView {
        let (link, state) = (link, state.withLock { (isReadable: $0.isReadable, neighbours: $0.neighbours) })
        guard state.isReadable else { throw Unreadable() }
        return NetworkView(links: [Self.device.index: link], neighbours: state.neighbours)
    }

    func onLinkDevice(to address: IPAddress) throws -> UInt32? { address.octets.first == 10 ? Self.device.index : nil }

    func resolve(_ address: IPAddress, device: UInt32) throws { state.withLock { $0.asked.append(address) } }
}
