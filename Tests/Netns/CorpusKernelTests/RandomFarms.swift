import CorpusCases
import NetTypes

/// Farms by chance, as the text of a corpus case: what fails can be put into the corpus as it is.
struct RandomFarms {
    private(set) var farms = ""
    private(set) var situation = ""
    /// Where they listen.
    private(set) var listeners: [RandomListener] = []
    /// Where they send to.
    private(set) var backends: [Endpoint] = []
    /// Packets have to be so far from each other: in one tick of its clock the kernel counts connections without looking
    /// which of them have come to be (nf_conncount.c).
    var apart: Duration { farms.contains("onnectionLimit:") || farms.contains("connectionsPerSource:") ? .milliseconds(12) : .zero }
    /// Of backends.
    private var names: [String] = []
    private var random: SeededGenerator

    private static let wideSchedulers = ["maglev", "hash", "random", "round-robin", "symhash"]

    init(_ random: SeededGenerator) {
        self.random = random
        for number in 1...self.random.number(1...6) { addFarm(number) }
        for _ in 0..<self.random.number(0...2) { addChange() }
    }

    /// What moves slots: farms that keep no state hand over.
    private mutating func addChange() {
        situation += random.chance(50) ? "then\nhaste\n" : "then\n"
        for name in names.shuffled(using: &random).prefix(random.number(1...4)) {
            situation +=
                random.pick(["drain \(name)", "ready \(name)", "weight \(name) \(random.number(0...9))", "down \(name)", "up \(name)"])
                + "\n"
        }
    }

    private mutating func addFarm(_ number: Int) {
        let mode = random.pick(["dnat", "snat", "dsr", "stateless", "local"])
        let family: AddressFamily = random.chance(60) ? .ipv4 : .ipv6
        let farm = RandomFarm(number: number, mode: mode, family: family)
        var text = "farm: f\(number)\nlisten:\n"
        let own = farm.listeners(&random)
        for listener in own {
            text += "  - { address: \"\(listener.address)\", protocol: \(listener.transport), ports: \(listener.ports) }\n"
        }
        text += "mode: \(mode)\n" + scheduling(mode)
        if mode == "snat", random.chance(40) { text += "sourceAddress: \"\(farm.sourceAddress)\"\n" }
        text += "health: { type: tcp, port: 7 }\nquorum: \(random.number(1...6))\n"
        text += "noBackend: \(random.pick(["reject", "drop", "pass"]))\n"
        if mode != "dsr", mode != "stateless", random.chance(25) { text += "persistence: { key: [sourceAddress], timeout: 1h }\n" }
        if mode != "dsr", mode != "stateless", random.chance(15) { text += "mark: 0x\(random.number(1...9))00\n" }
        if random.chance(15) { text += "log: { connections: \(random.pick(["on", "1/d"])) }\n" }
        if random.chance(35) { text += "counters: \(random.pick(["connections", "traffic"]))\n" }
        if random.chance(30) { text += guards(mode, hasTCP: own.contains { $0.transport == .tcp }) }
        text += "backends:\n" + addBackends(farm, own)
        farms += (farms.isEmpty ? "" : "---\n") + text
        listeners += own
    }

    /// Rates so slow that a run brings no tokens: what passes hangs on the burst alone.
    private mutating func guards(_ mode: String, hasTCP: Bool) -> String {
        var limits: [String] = []
        if random.chance(40) { limits.append("newConnections: { rate: 1/d, burst: \(random.number(5...40)) }") }
        if random.chance(40) { limits.append("newConnectionsPerSource: { rate: 1/d, burst: \(random.number(1...4)) }") }
        if random.chance(40), mode != "dsr", mode != "stateless" { limits.append("connectionsPerSource: \(random.number(1...4))") }
        if random.chance(30), hasTCP { limits.append("resetsPerSource: { rate: 1/d, burst: \(random.number(1...3)) }") }
        if random.chance(30), hasTCP { limits.append("tcpStrict: true") }
        if random.chance(30), limits.contains(where: { $0.contains("PerSource") }) { limits.append("banTime: 1h") }
        var text = limits.isEmpty ? "" : "limits: { \(limits.joined(separator: ", ")) }\n"
        if random.chance(60) {
            let sources = ["192.0.2.0/28", "198.51.100.16/29", "192.0.2.33", "2001:db8:c::/125", "2001:db8:c::10/124"]
            let policies = ["first", "second"].prefix(random.number(1...2)).map { name in
                let chosen = sources.shuffled(using: &random).prefix(random.number(1...3)).map { "\"\($0)\"" }.joined(separator: ", ")
                return "  - { name: \(name), action: \(random.pick(["accept", "drop"])), sources: [\(chosen)] }\n"
            }
            text += "policies:\n\(policies.joined())"
        }
        return text
    }

    /// What has no memory wants a hash for tcp.
    private mutating func scheduling(_ mode: String) -> String {
        let scheduler = random.pick(mode == "dsr" || mode == "stateless" ? ["maglev", "hash"] : Self.wideSchedulers)
        var text = "scheduler: \(scheduler)\n"
        if scheduler == "maglev" || scheduler == "hash", random.chance(60) {
            let all = ["sourceAddress", "sourcePort", "destinationAddress", "destinationPort", "sourceMac", "destinationMac"]
            // The host's own packets have no MAC.
            let inputs = mode == "local" ? Array(all.prefix(4)) : all
            let chosen = inputs.shuffled(using: &random).prefix(random.number(1...inputs.count))
            text += "hash: [\(chosen.joined(separator: ", "))]\n"
            if chosen.contains(where: { $0.hasSuffix("Address") }), random.chance(40) {
                text += "hashPrefix: { ipv4: \(random.number(1...32)), ipv6: \(random.number(1...128)) }\n"
            }
        }
        if scheduler != "round-robin", random.chance(20) { text += "tableSize: \(random.pick([251, 509]))\n" }
        return text
    }

    private mutating func addBackends(_ farm: RandomFarm, _ own: [RandomListener]) -> String {
        let isDown = random.chance(25)
        return (1...random.number(1...6)).map { index in
            let backend = farm.backend(index, own, &random)
            backends.append(backend.endpoint)
            names.append("f\(farm.number)/b\(index)")
            let name = "f\(farm.number)/b\(index)"
            if isDown || random.chance(12) { situation += "\(random.pick(["down", "drain", "maintenance"])) \(name)\n" }
            if random.chance(8) { situation += "weight \(name) \(random.number(0...9))\n" }
            if farm.mode == "dsr" || farm.mode == "stateless", random.chance(80) {
                situation += "nexthop \(backend.endpoint.address) 02:00:00:00:0\(farm.number):1\(index) \(backend.device)\n"
            }
            return backend.text
        }.joined()
    }
}

/// Address, protocol and ports of a listener.
struct RandomListener {
    let address: IPAddress
    let transport: TransportProtocol
    let ports: PortRange
}
