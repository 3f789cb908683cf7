import KernelEvents
import NetTypes
import Seams
import TestNamespaces
import Testing

/// Two hosts on one wire, and an observer on the first.
private struct Wire {
    let near: Namespace
    let far: Namespace
    let observer: RouteObserver
    let log = EventLog()
    let monitor: KernelMonitor

    init() throws {
        (near, far) = (try Namespace(), try Namespace())
        try near.run("ip link add zk0 type veth peer name zk1 netns \(far.name)")
        try far.run("ip link set zk1 address 02:00:00:00:00:02 up")
        try near.run("ip link set zk0 address 02:00:00:00:00:01 up")
        for (host, device, number) in [(near, "zk0", 1), (far, "zk1", 2)] {
            try host.run("ip addr add 10.9.0.\(number)/24 dev \(device)")
            try host.run("ip addr add fd00::\(number)/64 dev \(device) nodad")
        }
        observer = try near.inside { try RouteObserver() }
        monitor = try near.inside { [log] in try KernelMonitor { log.append($0) } }
    }

    func device() throws -> UInt32 {
        try #require(try observer.read().links.values.first { $0.device.name == "zk0" }).device.index
    }
}

@Suite struct RouteObserverTests {
    @Test func linksAreReadWithTheirState() throws {
        let wire = try Wire()
        let links = try wire.observer.read().links
        let near = try #require(links[try wire.device()])
        #expect(near.mac == MACAddress("02:00:00:00:00:01") && near.isUp && !near.isLoopback)
        let loopback = try #require(links.values.first { $0.device.name == "lo" })
        #expect(loopback.mac == nil && loopback.isUp && loopback.isLoopback)
        try wire.far.run("ip link set zk1 down")
        #expect(try wire.observer.read().links[near.device.index]?.isUp == false)
    }

    @Test(arguments: [0, 1, 2, 3_000])
    func neighboursAreReadToTheLast(count: Int) throws {
        let wire = try Wire()
        let added = (0..<count).map { number in
            "neigh replace 10.9.\(number / 250 + 1).\(number % 250 + 1) lladdr 02:00:00:00:00:09 dev zk0 nud permanent\n"
        }
        try wire.near.run("ip -batch -", input: added.joined())
        let read = try wire.observer.read().neighbours.filter { $0.value == MACAddress("02:00:00:00:00:09") }
        #expect(read.count == count)
    }

    @Test func neighbourWithoutAnAnswerIsNotRead() throws {
        let wire = try Wire()
        try wire.near.run("ip neigh replace 10.9.0.50 lladdr 00:00:00:00:00:00 dev zk0 nud permanent")
        try wire.near.run("ip neigh replace 10.9.0.51 dev zk0 nud failed")
        try wire.near.run("ip neigh add proxy 10.9.0.52 dev zk0")
        #expect(try wire.observer.read().neighbours.keys.allSatisfy { !$0.address.description.hasPrefix("10.9.0.5") })
    }

    @Test func onlyDirectlyConnectedAddressesHaveADevice() throws {
        let wire = try Wire()
        let device = try wire.device()
        try wire.near.run("ip route add 10.50.0.0/16 via 10.9.0.2")
        try wire.near.run("ip route add fd50::/16 via fd00::2")
        try wire.near.run("ip route add blackhole 10.60.0.0/16")
        try wire.near.run("ip route add prohibit 10.61.0.0/16")
        try wire.near.run("ip route add unreachable fd60::/16")
        try wire.near.run("ip route add 10.70.0.0/16 via inet6 fd00::2 dev zk0")
        let expected: [(String, UInt32?)] = [
            ("10.9.0.2", device), ("fd00::2", device), ("10.9.0.77", device),
            ("10.9.0.1", nil), ("fd00::1", nil), ("10.9.0.255", nil), ("127.0.0.1", nil), ("::1", nil),
            ("10.50.1.1", nil), ("fd50::1", nil), ("10.60.1.1", nil), ("10.61.1.1", nil), ("fd60::1", nil), ("10.70.1.1", nil),
            ("192.0.2.1", nil), ("2001:db8::1", nil), ("224.0.0.1", nil),
        ]
        for (text, device) in expected {
            #expect(try wire.observer.onLinkDevice(to: try #require(IPAddress(text))) == device, "\(text)")
        }
    }

    @Test(arguments: ["10.9.0.2", "fd00::2"])
    func resolvedAddressIsReportedAndRead(text: String) throws {
        let wire = try Wire()
        let address = try #require(IPAddress(text))
        let device = try wire.device()
        try wire.observer.resolve(address, device: device)
        try wire.log.next(.neighbour(address, device: device, MACAddress("02:00:00:00:00:02")))
        #expect(try wire.observer.read().neighbours[.init(address: address, device: device)] == MACAddress("02:00:00:00:00:02"))
    }

    @Test func knownNeighbourIsVerifiedAtOnce() throws {
        let wire = try Wire()
        let address = try #require(IPAddress("10.9.0.2"))
        let device = try wire.device()
        try wire.near.run("ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 dev zk0 nud stale")
        try wire.observer.resolve(address, device: device)
        // Left alone, a stale entry that is used waits for five seconds before it asks.
        _ = try wire.log.next("verified neighbour", within: 4) { event -> Bool? in
            guard case .neighbour(address, device: device, .some) = event else { return nil }
            let line = try? wire.near.run("ip neigh show 10.9.0.2")
            return line?.contains("REACHABLE") == true ? true : nil
        }
    }

    @Test func staticNeighbourStaysStatic() throws {
        let wire = try Wire()
        try wire.near.run("ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:77 dev zk0 nud permanent")
        try wire.observer.resolve(try #require(IPAddress("10.9.0.2")), device: try wire.device())
        #expect(try wire.near.run("ip neigh show 10.9.0.2").contains("02:00:00:00:00:77 PERMANENT"))
    }

    @Test func missingDeviceIsAnErrorInWords() throws {
        let wire = try Wire()
        let fault = #expect(throws: DriverError.self) { try wire.observer.resolve(try #require(IPAddress("10.9.0.2")), device: 9_999) }
        #expect(fault?.description.contains("10.9.0.2") == true)
    }
}
