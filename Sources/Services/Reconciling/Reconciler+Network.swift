import FarmModel
import NetTypes
import Ruleset
import Seams

extension Reconciler {
    /// Neighbours have answered, changed their MAC or gone. Only those of dsr backends matter.
    func take(_ neighbours: [NetworkView.Neighbour: MACAddress?]) {
        let wanted = desired.directBackends
        // Most notices only say that an entry has been used: what is not news costs nothing.
        let concerned = neighbours.filter { wanted.contains($0.key.address) && view.neighbours[$0.key] != $0.value }
        for (neighbour, mac) in neighbours { view.neighbours[neighbour] = mac }
        guard !concerned.isEmpty else { return }
        useView(author: "neighbour", because: concerned.keys.map { "\($0.address)" }.sorted().joined(separator: ", "))
        for (neighbour, mac) in concerned {
            events.post(.neighbour, "\(neighbour.address) is at \(mac?.description ?? "no known MAC")")
        }
    }

    /// With a device its chains go, in kernels before 6.16; if they are still there, the kernel says so and we look.
    /// Whether there was any: a device of the same name that is back already leaves nothing else to notice.
    func forgetChains(of devices: Set<UInt32>) -> Bool {
        let names = Set(devices.compactMap { view.links[$0]?.device.name })
        guard !names.isEmpty else { return false }
        var held = committed
        for index in held.tables.indices {
            held.tables[index].chains.removeAll { chain in chain.base?.hook.device.map(names.contains) ?? false }
        }
        defer { committed = held }
        return held.tables.map(\.chains.count) != committed.tables.map(\.chains.count)
    }

    /// Reads links and neighbours anew, if any farm needs them.
    func readNetwork(author: String) {
        guard !desired.directBackends.isEmpty else { return }
        desired.now = Timestamp.monotonic
        devices = [:]
        do {
            view = try network.read()
        } catch {
            log.error("links and neighbours cannot be read; dsr goes on with what is known", metadata: ["error": "\(error)"])
            return
        }
        useView(author: author, because: "links or addresses changed")
    }

    private func useView(author: String, because cause: String) {
        if updateNextHops() { reconcile(author: author, because: cause) }
    }

    /// True when something changed.
    @discardableResult
    func updateNextHops() -> Bool {
        land()
        var hops: [IPAddress: NextHop] = [:]
        for address in desired.directBackends.sorted() {
            if let hop = nextHop(address) { hops[address] = hop }
        }
        let devices = ingressDevices()
        let before = desired.ruleset
        desired.set(nextHops: hops, ingressDevices: devices)
        return before != desired.ruleset
    }

    /// Nil while the address is not on-link, its device is down or nobody has answered; then it is asked for.
    private func nextHop(_ address: IPAddress) -> NextHop? {
        do {
            guard let index = try device(to: address), let link = view.links[index], link.isUp, let source = link.mac else {
                return nil
            }
            guard let mac = view.neighbours[.init(address: address, device: index)] else {
                try network.resolve(address, device: index)
                // An entry that has aged says nothing of the backend: until it is resolved again the last answer stands, and probes judge.
                let last = desired.nextHops[address]
                return last?.device == link.device && last?.source == source ? last : nil
            }
            return NextHop(destination: mac, device: link.device, source: source)
        } catch {
            log.warning("no way to a dsr backend", metadata: ["backend": "\(address)", "error": "\(error)"])
            return nil
        }
    }

    /// Routes are asked for once until one changes.
    private func device(to address: IPAddress) throws -> UInt32? {
        if let known = devices[address] { return known }
        let device = try network.onLinkDevice(to: address)
        devices[address] = .some(device)
        return device
    }

    private func ingressDevices() -> [NetworkDevice] {
        guard !desired.directBackends.isEmpty else { return [] }
        let named = settings.ingressDevices.map(Set.init)
        let links = view.links.values.filter { named?.contains($0.device.name) ?? ($0.isUp && $0.mac != nil && !$0.isLoopback) }
        tell(absent: (named ?? []).subtracting(links.map(\.device.name)))
        return links.map(\.device).sorted()
    }

    private func tell(absent names: Set<String>) {
        defer { absentDevices = names }
        guard !names.isSubset(of: absentDevices) else { return }
        log.warning(
            "ingressDevices names what is not here: dsr and stateless farms get nothing by it until it comes",
            metadata: ["devices": "\(names.sorted().joined(separator: ", "))"])
    }

    /// Asks again for dsr backends without an answer: a lost request must not keep a backend out.
    public func askForNeighbours() async {
        // Ends when the daemon stops and the sleep is cancelled.
        while (try? await Task.sleep(for: .seconds(1))) != nil {
            guard desired.directBackends.contains(where: { desired.nextHops[$0] == nil }) else { continue }
            readNetwork(author: "neighbour")
        }
    }
}
