import CorpusCases
import NetTypes

/// One of `RandomFarms`: its number makes its ports and its backends' addresses its own.
struct RandomFarm {
    let number: Int
    let mode: String
    let family: AddressFamily

    /// By conntrack.
    private var isTracked: Bool { mode != "dsr" && mode != "stateless" }

    /// Addresses are shared by farms, ports are not.
    func listeners(_ random: inout SeededGenerator) -> [RandomListener] {
        // A stateless reply has to tell its listener, and a shifted range has to fit all the listeners.
        let count = mode == "stateless" ? 1 : random.number(1...3)
        return (0..<count).compactMap { index in
            let first = UInt16(1000 * number + 100 * index)
            let width = random.chance(25) ? UInt16(random.number(1...40)) : 0
            return PortRange(first, first + width).map {
                RandomListener(address: address(&random), transport: random.chance(70) ? .tcp : .udp, ports: $0)
            }
        }
    }

    private func address(_ random: inout SeededGenerator) -> IPAddress {
        let last = UInt64(random.number(10...13))
        if mode == "local" { return local }
        return family == .ipv4 ? IPAddress(v4: 0xCB00_7100 + UInt32(last)) : IPAddress(v6: 0x2001_0DB8_0000_0000, last)
    }

    /// Of the balancer itself, at `back`.
    private var local: IPAddress {
        family == .ipv4 ? IPAddress(v4: 0xAC10_0D01) : IPAddress(v6: 0xFD00_0013_0000_0000, 1)
    }

    var sourceAddress: IPAddress {
        family == .ipv4 ? IPAddress(v4: 0xAC10_0D80 + UInt32(number)) : IPAddress(v6: 0xFD00_0013_0000_0000, 0x80 + UInt64(number))
    }

    /// A line of the file, and where the first of the listeners' ports ends.
    func backend(_ index: Int, _ listeners: [RandomListener], _ random: inout SeededGenerator)
        -> (text: String, endpoint: Endpoint, device: String)
    {
        let isSide = random.chance(20)
        let address = backendAddress(index, isSide: isSide)
        // Ranges keep their ports; the host's own services and what is shared by several listeners have one.
        let isKept = mode == "dsr" || listeners.contains { !$0.ports.isSingle } && (mode == "stateless" || random.chance(50))
        let port = UInt16(20000 + 100 * number + index)
        let fields = [
            "name: b\(index)", "address: \"\(address)\"", isKept && mode != "local" ? nil : "port: \(port)",
            "weight: \(random.number(1...10))", random.chance(20) ? "priority: 2" : nil,
            isTracked && random.chance(15) ? "connectionLimit: \(random.number(1...10))" : nil,
            isTracked && random.chance(10) ? "mark: 0x\(random.number(1...9))0" : nil,
        ].compactMap { $0 }
        let first = isKept ? listeners.first?.ports.first ?? port : port
        return ("  - { \(fields.joined(separator: ", ")) }\n", Endpoint(address: address, port: first), isSide ? "side" : "back")
    }

    private func backendAddress(_ index: Int, isSide: Bool) -> IPAddress {
        if mode == "local" { return local }
        let last = UInt32(10 * number + index)
        return family == .ipv4
            ? IPAddress(v4: (isSide ? 0x0A00_0200 : 0x0A00_0100) + last)
            : IPAddress(v6: isSide ? 0xFD00_0002_0000_0000 : 0xFD00_0001_0000_0000, UInt64(last))
    }
}
