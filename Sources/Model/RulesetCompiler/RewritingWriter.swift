import FarmModel
import NetTypes
import Ruleset

extension FarmWriter {
    /// What stateless NAT has to know of this mouth: each backend's endpoint by its number, and the way back.
    ///
    /// All of them, usable or not: a reply of a backend that has just gone down is still a reply.
    mutating func writeRewriting(_ mouth: Mouth, _ former: [FormerBackend]) {
        rewriting.insert(Variant(family: mouth.family, isRange: mouth.key.isRange))
        var (current, gone) = (RewritingRows(mouth), RewritingRows(mouth))
        for (backend, condition) in zip(farm.backends, conditions) where backend.address.family == mouth.family {
            current.append(backend, condition.nextHop, to: &shared)
        }
        for backend in former { gone.append(backend.backend, backend.nextHop, to: &formerShared) }
    }
}

/// The rows of one mouth.
private struct RewritingRows {
    let mouth: Mouth
    private let listenerNumber: [UInt8]
    private var isKept: Bool { mouth.form == .kept }

    init(_ mouth: Mouth) {
        self.mouth = mouth
        listenerNumber = BackendNumber.octets(mouth.listener.address, port: mouth.form == .kept ? 0 : mouth.ports.first)
    }

    mutating func append(_ backend: Backend, _ hop: NextHop?, to rows: inout Rows) {
        let family = mouth.family
        let ports = mouth.ports(of: backend)
        let number = BackendNumber.octets(backend.address, port: isKept ? 0 : ports.first)
        rows.number(number, is: backend.address, in: Stateless.addressMap(family), .netdev)
        rows.number(listenerNumber, is: mouth.listener.address, in: Stateless.listenerAddressMap(family), .inet)
        if !isKept {
            rows.number(number, is: ports.first, in: Stateless.portMap(family), .netdev)
            rows.number(listenerNumber, is: mouth.ports.first, in: Stateless.listenerPortMap(family), .inet)
        }
        if let hop {
            let name = CompiledFarm.SetName(.netdev, Stateless.deviceMap(family), Stateless.deviceType(family))
            rows[name] += backend.address.octets
            withUnsafeBytes(of: hop.device.index) { rows[name].append(contentsOf: $0) }
        }
        appendReply(from: KeyWriter(backend.address, mouth.listener.transport, ports, isRange: mouth.key.isRange), to: &rows)
    }

    private func appendReply(from key: KeyWriter, to rows: inout Rows) {
        let variant = Variant(family: mouth.family, isRange: key.isRange)
        key.append(to: &rows[CompiledFarm.SetName(.inet, Stateless.backendSet(variant), Stateless.backendType(variant))])
        let replies = CompiledFarm.SetName(.inet, Stateless.replyMap(variant), Stateless.replyType(variant))
        key.append(to: &rows[replies])
        rows[replies] += listenerNumber
    }
}

extension Rows {
    fileprivate mutating func number(_ number: [UInt8], is address: IPAddress, in map: String, _ table: TableFamily) {
        let name = CompiledFarm.SetName(table, map, Stateless.addressType(address.family))
        self[name] += number
        address.appendOctets(to: &self[name])
    }

    fileprivate mutating func number(_ number: [UInt8], is port: UInt16, in map: String, _ table: TableFamily) {
        self[CompiledFarm.SetName(table, map, Stateless.portType)] += number + [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)]
    }
}
