import FarmModel
import NetTypes
import Ruleset

/// Probes through farms' rules (docs/design/probes-via-vip.md): a packet mark says which backend each is for.
///
/// Every key that a mark stands in holds the packet's destination too, and only packets from the probes' ports ask: marks of others, and
/// those that farms set, are taken for nothing.
public struct ProbeEntrances: Sendable, Hashable {
    public var marks: ProbeMarks
    /// With the mark of each.
    public var all: [ProbeEntrance: UInt32]
    /// Where frames to dsr and stateless backends leave, and where dsr backends answer; sorted.
    public var devices: [NetworkDevice]

    public init(marks: ProbeMarks = .standard, all: [ProbeEntrance: UInt32] = [:], devices: [NetworkDevice] = []) {
        (self.marks, self.all, self.devices) = (marks, all, devices.sorted())
    }

    private func isUsed(_ kind: ProbePassage.Kind, _ family: AddressFamily, _ transport: TransportProtocol? = nil) -> Bool {
        all.keys.contains {
            $0.kind == kind && $0.backend.address.family == family && (transport == nil || transport == $0.transport)
        }
    }

    private func families(_ kind: ProbePassage.Kind) -> [AddressFamily] { AddressFamily.allCases.filter { isUsed(kind, $0) } }

    private var framedFamilies: [AddressFamily] {
        AddressFamily.allCases.filter { isUsed(.direct, $0) || isUsed(.stateless, $0) }
    }

    private var mark: KeyPart { .mark(marks.mask) }

    private func selection(_ family: AddressFamily) -> Key { Key(mark, .address(.destination, family)) }

    /// Rows of the entrances that `isMeant`; `row` gives what stands behind the mark.
    private func rows(_ isMeant: (ProbeEntrance) -> Bool, _ row: (ProbeEntrance) -> [UInt8]) -> [UInt8] {
        all.filter { isMeant($0.key) }.flatMap { entrance, mark in withUnsafeBytes(of: mark, Array.init) + row(entrance) }
    }

    private func set(_ name: String, _ type: SetType, _ rows: [UInt8]) -> ElementSet {
        ElementSet(name: name, type: type, fragments: [.shared: ElementTable(type.layout, unsortedRows: rows)])
    }
}

/// dnat and snat: a probe is addressed to the listener, and translated where the host's own connections are.
extension ProbeEntrances {
    static func backendMap(_ family: AddressFamily) -> String { "probe-backends\(family.rawValue)" }

    private static func backendType(_ family: AddressFamily) -> SetType {
        SetType(key: [.mark, .address(family)], value: .fields([.address(family), .port]))
    }

    var translatingSets: [ElementSet] {
        families(.translated).map { family in
            let rows = rows {
                $0.kind == .translated && $0.backend.address.family == family
            } _: { entrance in
                var row = entrance.listener.address.octets
                entrance.backend.address.appendOctets(to: &row)
                row.append(padded: entrance.backend.port)
                return row
            }
            return set(Self.backendMap(family), Self.backendType(family), rows)
        }
    }

    /// Before the dispatch of what the host itself connects to.
    func translatingRules(ports: PortRange) -> [Rule] {
        families(.translated).flatMap { family in
            TranslatedTo.common.filter { isUsed(.translated, family, $0) }.map { transport in
                Rule(
                    .portWithin(.source, ports), .transport(transport),
                    .destinationNAT(family, selection(family), map: Self.backendMap(family), hasPort: true))
            }
        }
    }
}

/// Where connections are counted: translated probes are nobody's.
extension ProbeEntrances {
    func uncountedConnections(ports: PortRange) -> [Rule] {
        families(.translated).isEmpty ? [] : [Rule(.portWithin(.source, ports), .marked(marks.mask), .verdict(.accept))]
    }

    /// Answers carry no mark. Those to clients are not for this host, or for ports below those of probes, to which snat keeps.
    func uncountedReplies(ports: PortRange) -> [Rule] {
        families(.translated).isEmpty ? [] : [Rule(.portWithin(.destination, ports), .destinationIsLocal, .verdict(.accept))]
    }
}

/// dsr and stateless: a probe is addressed to the backend, so that routing and the neighbour are the kernel's own choice, and enters the
/// rules where its frame leaves.
extension ProbeEntrances {
    static let chain = "probes"
    static func entranceMap(_ family: AddressFamily) -> String { "probe-entrances\(family.rawValue)" }
    static func listenerMap(_ family: AddressFamily) -> String { "probe-listeners\(family.rawValue)" }
    static func doorSet(_ family: AddressFamily) -> String { "probe-doors\(family.rawValue)" }
    static func flowMap(_ family: AddressFamily) -> String { "probe-flows\(family.rawValue)" }
    static func directChain(_ family: AddressFamily) -> String { "probe-direct\(family.rawValue)" }
    static func statelessChain(_ family: AddressFamily) -> String { "probe-stateless\(family.rawValue)" }
    static let portMap = "probe-listener-ports"
    static let numberMap = "probe-numbers"

    private static func entranceType(_ family: AddressFamily) -> SetType { SetType(key: [.mark, .address(family)], value: .verdict) }
    private static func listenerType(_ family: AddressFamily) -> SetType { SetType(key: [.mark], value: .fields([.address(family)])) }
    private static let portType = SetType(key: [.mark], value: .fields([.port]))
    private static let numberType = SetType(key: [.mark], value: .fields([.mac]))

    /// Each target keeps its port, so that it has one element at a time. Ten minutes: longer than any probe; kept connections are renewed
    /// by each request.
    private static func flowType(_ family: AddressFamily) -> SetType {
        SetType(
            key: [.transport, .port, .port], value: .fields([.address(family)]), dynamic: .init(size: 65_536, timeout: 600))
    }

    var isFramed: Bool { !framedFamilies.isEmpty }

    var framedSets: [ElementSet] {
        let families = framedFamilies
        guard !families.isEmpty else { return [] }
        var sets = families.flatMap(framedSets)
        if !self.families(.stateless).isEmpty {
            sets.append(
                set(
                    Self.portMap, Self.portType,
                    rows {
                        $0.kind == .stateless && !$0.keepsPort
                    } _: {
                        networkOctets($0.listener.port)
                    }))
            sets.append(
                set(
                    Self.numberMap, Self.numberType,
                    rows {
                        $0.kind == .stateless
                    } _: {
                        BackendNumber.octets($0.backend.address, port: $0.keepsPort ? 0 : $0.backend.port)
                    }))
        }
        return sets
    }

    private func framedSets(_ family: AddressFamily) -> [ElementSet] {
        func isMeant(_ entrance: ProbeEntrance) -> Bool { entrance.kind != .translated && entrance.backend.address.family == family }
        let entrances = rows(isMeant) { entrance in
            var row = entrance.backend.address.octets
            row.append(chain: entrance.kind == .direct ? Self.directChain(family) : Self.statelessChain(family))
            return row
        }
        let listeners = rows(isMeant) { $0.listener.address.octets }
        return [
            set(Self.entranceMap(family), Self.entranceType(family), entrances),
            set(Self.listenerMap(family), Self.listenerType(family), listeners),
        ] + (isUsed(.direct, family) ? [doors(family), ElementSet(name: Self.flowMap(family), type: Self.flowType(family))] : [])
    }

    /// What backends answer as.
    private func doors(_ family: AddressFamily) -> ElementSet {
        let type = Probes.targetType(family)
        let doors = all.keys.filter { $0.kind == .direct && $0.backend.address.family == family }.map { entrance in
            var row = entrance.listener.address.octets
            row += [entrance.transport.rawValue, 0, 0, 0]
            row.append(padded: entrance.listener.port)
            return row
        }
        return set(Self.doorSet(family), type, Set(doors).flatMap { $0 })
    }

    /// Behind the chains that stateless farms rewrite in.
    func framedChains(ports: PortRange) -> [Chain] {
        guard isFramed else { return [] }
        let direct = families(.direct).map(directChain)
        let stateless = families(.stateless).map(statelessChain)
        let entrances = framedFamilies.map { family in
            Rule(.portWithin(.source, ports), .verdictMap(selection(family), map: Self.entranceMap(family)))
        }
        return direct + stateless + [Chain(Self.chain, rules: entrances)]
    }

    /// For each device; asked by every frame that leaves, so one comparison first.
    var leavingRules: [Rule] { [Rule(.marked(marks.mask), .verdict(.goto(Self.chain)))] }

    /// The backend answers as the listener, to us: its own address is put back, before anybody asks whose the packet is.
    func answerRules(ports: PortRange) -> [Rule] {
        families(.direct).map { family in
            Rule(
                .portWithin(.destination, ports),
                .inSet(Key(.address(.source, family), .transport, .port(.source)), set: Self.doorSet(family)),
                .setAddress(.source, family, Key(.transport, .port(.destination), .port(.source)), map: Self.flowMap(family)))
        }
    }

    private func directChain(_ family: AddressFamily) -> Chain {
        let (flow, backend) = (Key(.transport, .port(.source), .port(.destination)), KeyPart.address(.destination, family))
        let map = Self.flowMap(family)
        // The kernel renews a key that is there, but keeps its value.
        let forget = Statement.forget(flow, map: map, value: backend)
        let begins = Statement.tcpFlags(.syn, among: [.fin, .syn, .rst, .ack])
        let forgetting = [
            isUsed(.direct, family, .tcp) ? Rule(begins, forget) : nil,
            isUsed(.direct, family, .udp) ? Rule(.transport(.udp), forget) : nil,
        ].compactMap { $0 }
        return Chain(
            Self.directChain(family),
            rules: forgetting + [
                Rule(.remember(flow, map: map, value: backend, seconds: nil)),
                Rule(.setAddress(.destination, family, Key(mark), map: Self.listenerMap(family))),
            ])
    }

    /// Becomes what a client would have sent, with the number that the selection would have given it, and goes on as that.
    private func statelessChain(_ family: AddressFamily) -> Chain {
        let ports = TranslatedTo.common.filter { isUsed(.stateless, family, $0) }.map {
            Rule(.setPort(.destination, $0, Key(mark), map: Self.portMap))
        }
        return Chain(
            Self.statelessChain(family),
            rules: [
                Rule(.setMAC(.destination, Key(mark), map: Self.numberMap)),
                Rule(.setAddress(.destination, family, Key(mark), map: Self.listenerMap(family))),
            ] + ports + [
                // Sent on by the rewriting, it leaves once more: as anybody's packet.
                Rule(.clearMark(marks.mask)), Rule(.verdict(.goto(Stateless.rewriteChain(family, .common)))),
            ])
    }
}

private func networkOctets(_ port: UInt16) -> [UInt8] { [UInt8(port >> 8), UInt8(truncatingIfNeeded: port)] }
