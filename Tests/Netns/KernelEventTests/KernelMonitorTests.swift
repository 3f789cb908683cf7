import Glibc
import KernelEvents
import NetTypes
import Seams
import Synchronization
import TestNamespaces
import Testing

/// One namespace with a pair of devices, and a monitor inside.
private struct Watched {
    let namespace: Namespace
    let log = EventLog()
    let monitor: KernelMonitor
    let device: UInt32

    init(receiveBytes: Int = 8 << 20) throws {
        namespace = try Namespace()
        try namespace.run("ip link add zk0 type veth peer name zk1")
        for name in ["zk0", "zk1"] { try namespace.run("ip link set \(name) up") }
        let links = try namespace.inside { try RouteObserver().read().links }
        device = try #require(links.values.first { $0.device.name == "zk0" }).device.index
        monitor = try namespace.inside { [log] in try KernelMonitor(receiveBytes: receiveBytes) { log.append($0) } }
    }
}

/// A namespace in which nothing happens by itself.
private struct Quiet {
    let namespace: Namespace
    let log = EventLog()
    let monitor: KernelMonitor

    init(receiveBytes: Int = 8 << 20) throws {
        namespace = try Namespace()
        monitor = try namespace.inside { [log] in try KernelMonitor(receiveBytes: receiveBytes) { log.append($0) } }
    }
}

@Suite struct KernelMonitorTests {
    @Test func foreignCommitIsReportedWithItsAuthor() throws {
        let watched = try Watched()
        try watched.namespace.run("nft add table ip foreign")
        let (first, author) = try watched.log.nextGeneration()
        #expect(author.name == "nft")
        #expect(author.processID != 0 && author.processID != UInt32(getpid()))
        try watched.namespace.run("nft delete table ip foreign")
        #expect(try watched.log.nextGeneration().0 == first + 1)
    }

    @Test func loadOfManyElementsIsOneGenerationEvenInASmallBuffer() throws {
        let watched = try Quiet(receiveBytes: 4096)
        let elements = (0..<20_000).map { "10.0.\($0 / 250).\($0 % 250)" }.joined(separator: ", ")
        try watched.namespace.run("nft -f -", input: "table ip t { set s { type ipv4_addr; elements = { \(elements) }\n }\n }")
        _ = try watched.log.nextGeneration()
        try watched.namespace.run("nft delete table ip t")
        _ = try watched.log.nextGeneration()
        #expect(!watched.log.all.contains(.overrun(.tables)))
    }

    @Test func changedNeighbourIsReported() throws {
        let watched = try Watched()
        for address in ["10.9.0.2", "fd00::2"] {
            let ip = try #require(IPAddress(address))
            for mac in ["02:00:00:00:00:01", "02:00:00:00:00:02"] {
                try watched.namespace.run("ip neigh replace \(address) lladdr \(mac) dev zk0 nud reachable")
                try watched.log.next(.neighbour(ip, device: watched.device, MACAddress(mac)))
            }
            try watched.namespace.run("ip neigh del \(address) dev zk0")
            try watched.log.next(.neighbour(ip, device: watched.device, nil))
        }
    }

    /// The best of fifty: a busy machine may delay any one, a timer in the way would delay them all.
    @Test func changedNeighbourReachesTheCallbackWithinAMillisecond() throws {
        let watched = try Watched()
        let address = try #require(IPAddress("10.9.0.2"))
        let observer = try watched.namespace.inside { try RouteObserver() }
        var best = Duration.seconds(1)
        for _ in 0..<50 {
            try watched.namespace.run("ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:01 dev zk0 nud stale")
            try watched.log.next(.neighbour(address, device: watched.device, MACAddress("02:00:00:00:00:01")))
            let before = ContinuousClock.now
            try observer.resolve(address, device: watched.device)
            try watched.log.next(.neighbour(address, device: watched.device, MACAddress("02:00:00:00:00:01")))
            best = min(best, before.duration(to: .now))
        }
        #expect(best < .milliseconds(1))
    }

    @Test(arguments: ["00:00:00:00:00:00", "01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff"])
    func uselessMACIsNone(mac: String) throws {
        let watched = try Watched()
        try watched.namespace.run("ip neigh replace 10.9.0.3 lladdr \(mac) dev zk0 nud permanent")
        try watched.log.next(.neighbour(try #require(IPAddress("10.9.0.3")), device: watched.device, nil))
    }

    @Test func linkIsFollowedDownAwayAndBack() throws {
        let watched = try Watched()
        try watched.namespace.run("ip link set zk1 down")
        #expect(try watched.log.nextLink("zk0", isUp: false).device.index == watched.device)
        try watched.namespace.run("ip link del zk0")
        try watched.log.next(.linkGone(index: watched.device))
        try watched.namespace.run("ip link add zk0 address 02:00:00:00:01:00 type veth peer name zk1")
        try watched.namespace.run("ip link set zk1 up")
        try watched.namespace.run("ip link set zk0 up")
        let link = try watched.log.nextLink("zk0", isUp: true)
        #expect(link.device.index != watched.device)
        #expect(link.mac == MACAddress("02:00:00:00:01:00") && !link.isLoopback)
    }

    @Test func leavingABridgeIsNotARemoval() throws {
        let watched = try Watched()
        try watched.namespace.run("ip link add zkbr type bridge")
        try watched.namespace.run("ip link set zk0 master zkbr")
        try watched.namespace.run("ip link set zk0 nomaster")
        try watched.namespace.run("ip addr add 10.9.0.9/32 dev zk1")
        _ = try watched.log.next("address") { event in if case .address(IPAddress("10.9.0.9"), _, true) = event { true } else { nil } }
        #expect(!watched.log.all.contains(.linkGone(index: watched.device)))
    }

    @Test(arguments: ["10.9.0.1/24", "fd00::1/64"])
    func addressIsFollowed(prefix: String) throws {
        let watched = try Watched()
        let ip = try #require(IPAddress(String(prefix.prefix { $0 != "/" })))
        for (verb, isPresent) in [("add", true), ("del", false)] {
            try watched.namespace.run("ip addr \(verb) \(prefix) dev zk0")
            try watched.log.next(.address(ip, device: watched.device, isPresent: isPresent))
        }
    }

    @Test(arguments: ["10.77.0.0/16", "fd77::/16"])
    func routeChangeIsReported(prefix: String) throws {
        let quiet = try Quiet()
        try quiet.namespace.run("ip route add \(prefix) dev lo")
        try quiet.log.next(.routes)
    }

    @Test func lostNetworkMessagesAreReportedOnceTheQueueIsEmptyAndSurvived() throws {
        let watched = try Watched(receiveBytes: 4096)
        let flood = (0..<2_000).map { "neigh replace 10.9.\($0 / 250).\($0 % 250 + 1) lladdr 02:00:00:00:00:01 dev zk0 nud permanent\n" }
        watched.log.hold()
        try watched.namespace.run("ip -batch -", input: flood.joined())
        watched.log.release()
        try watched.log.next(.overrun(.network))
        #expect(try isFollowedAgain(watched))
    }

    /// What the kernel does by itself (duplicate address detection) may overrun so small a buffer again: then there is a marker again.
    private func isFollowedAgain(_ watched: Watched) throws -> Bool {
        for number in 1...9 {
            let mac = "02:00:00:00:01:0\(number)"
            try watched.namespace.run("ip neigh replace 10.9.100.1 lladdr \(mac) dev zk0 nud permanent")
            let expected = KernelEvent.neighbour(IPAddress(v4: 0x0A09_6401), device: watched.device, MACAddress(mac))
            let isThere = try watched.log.next("neighbour or marker") { $0 == expected ? true : $0 == .overrun(.network) ? false : nil }
            if isThere { return true }
        }
        return false
    }

    @Test func lostGenerationsAreReportedAndSurvived() throws {
        let watched = try Quiet(receiveBytes: 2048)
        watched.log.hold()
        for number in 0..<30 { try watched.namespace.run("nft add table ip t\(number)") }
        watched.log.release()
        try watched.log.next(.overrun(.tables))
        try watched.namespace.run("nft delete table ip t0")
        #expect(try watched.log.nextGeneration().1.name == "nft")
    }

    @Test func nothingIsDeliveredAfterStop() throws {
        let watched = try Watched()
        watched.monitor.stop()
        watched.monitor.stop()
        let before = watched.log.all.count
        try watched.namespace.run("ip link set zk0 down")
        #expect(watched.log.all.count == before)
    }

    @Test func releasedMonitorEndsItsThreadAndFreesItsCallback() throws {
        let namespace = try Namespace()
        weak var captured: EventLog?
        do {
            let log = EventLog()
            captured = log
            let monitor = try namespace.inside { try KernelMonitor { log.append($0) } }
            withExtendedLifetime(monitor) { #expect(captured != nil) }
        }
        #expect(captured == nil)
    }

    @Test func monitorMayBeStoppedFromItsCallback() throws {
        let namespace = try Namespace()
        let log = EventLog()
        let running = Mutex<KernelMonitor?>(nil)
        let monitor = try namespace.inside {
            try KernelMonitor { events in
                running.withLock { $0?.stop() }
                log.append(events)
            }
        }
        running.withLock { $0 = monitor }
        try namespace.run("nft add table ip t")
        _ = try log.nextGeneration()
        running.withLock { $0 = nil }
    }
}
