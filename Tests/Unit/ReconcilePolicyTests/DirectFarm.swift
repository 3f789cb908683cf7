import FarmModel
import HealthPolicy
import NetTypes
import Ruleset
import RulesetCompiler
import Testing

@testable import ReconcilePolicy

/// A farm without conntrack, the state around it, and time that passes only when told to.
struct DirectFarm {
    static let settings = HandoverSettings(quiet: .seconds(60), limit: .seconds(600), udpHold: .seconds(30))
    static let device = NetworkDevice(index: 7, name: "eth1")

    var farm: Farm
    var state: DesiredState

    init(
        mode: ForwardingMode = .dsr, backends: Int = 4, transports: [TransportProtocol] = [.tcp], family: AddressFamily = .ipv4,
        settings: HandoverSettings = DirectFarm.settings
    ) throws {
        let vip = family == .ipv4 ? IPAddress(v4: 0xCB00_710A) : IPAddress(v6: 0x2001_0db8_0000_0000, 0x10)
        let ports = [try #require(PortRange(80))]
        farm = Farm(
            name: "web", listeners: transports.map { Listener(address: vip, transport: $0, ports: ports) }, mode: mode,
            backends: (1...backends).map { Self.backend($0, mode, family) },
            // Who is dead gets no flows here: what is looked at is what becomes of those of the living.
            panicThreshold: 0)
        state = DesiredState(handover: settings)
        state.now = MonotonicInstant(nanoseconds: 1_000_000_000_000)
        state.set(farms: [farm])
        settleWithEverybodyUp()
    }

    static func backend(_ number: Int, _ mode: ForwardingMode = .dsr, _ family: AddressFamily = .ipv4) -> Backend {
        Backend(name: "b\(number)", address: address(number, family), port: mode == .dsr ? nil : PortRange(8080))
    }

    static func address(_ number: Int, _ family: AddressFamily = .ipv4) -> IPAddress {
        family == .ipv4 ? IPAddress(v4: 0x0A00_0000 + UInt32(number)) : IPAddress(v6: 0xfd00_0001_0000_0000, UInt64(number))
    }

    /// Everybody who is wanted answers on the link.
    mutating func learnNextHops(_ generation: UInt8 = 0) {
        let hops = state.directBackends.map { address -> (IPAddress, NextHop?) in
            let last = address.octets.suffix(2)
            let (mac, own) = (MACAddress(octets: [2, generation, 0, 1] + last), MACAddress(octets: [2, 0, 0, 0, 0, 0xfe]))
            return (address, mac.flatMap { mac in own.map { NextHop(destination: mac, device: Self.device, source: $0) } })
        }
        state.set(nextHops: Dictionary(uniqueKeysWithValues: hops).compactMapValues { $0 }, ingressDevices: [Self.device])
    }

    mutating func settleWithEverybodyUp() {
        state.set(verdicts: Dictionary(uniqueKeysWithValues: state.probeTargets.map { ($0, .up) }))
        learnNextHops()
        state.settled()
    }

    mutating func report(_ verdict: Verdict, of number: Int) throws {
        let backend = try #require(farm.backends.first { $0.name == "b\(number)" })
        state.set(verdicts: [try #require(farm.probeTarget(of: backend)): verdict])
    }

    mutating func override(_ number: Int, _ override: Override?) {
        var all = state.overrides
        all[BackendID(farm: "web", backend: "b\(number)")] = override
        state.set(overrides: all)
    }

    /// Changes the file.
    mutating func edit(_ change: (inout Farm) throws -> Void) rethrows {
        try change(&farm)
        state.set(farms: [farm])
        learnNextHops()
    }

    mutating func wait(_ time: Duration) { state.now = state.now.advanced(by: time) }

    /// Looks, having seen the last packet so long ago.
    @discardableResult
    mutating func look(quietFor time: Duration, forgotten: Set<AddressFamily> = []) -> Bool {
        state.endHandovers(["web": PathUse(lastUse: state.now.advanced(by: .zero - time), lastLook: state.now, forgotten: forgotten)])
    }

    func transition(_ kind: Transition.Kind = .remembered) -> Transition? { state.transitions["web"]?.first { $0.kind == kind } }

    /// Slots by the backend's number, as the kernel serves the farm.
    func slots(of number: Int) -> Set<Int> {
        let family = farm.listeners[0].address.family
        guard let served = state.served["web"] else { return [] }
        let wanted = Self.address(number, family)
        return Set(served.destinations(family).indices.filter { served.destinations(family)[$0]?.address == wanted })
    }

    func destination(_ number: Int) -> Destination {
        let family = farm.listeners[0].address.family
        return Destination(
            of: Backend(name: "", address: Self.address(number, family), port: farm.mode == .dsr ? nil : PortRange(8080)), farm.mode)
    }
}
