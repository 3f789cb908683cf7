import NetTypes
import Ruleset
import Testing

@Suite struct TracerTests {
    private let packet = Packet(
        source: Endpoint(address: IPAddress(v4: 0xC000_0202), port: 4000),
        destination: Endpoint(address: IPAddress(v4: 0xCB00_710A), port: 80),
        transport: .tcp)

    private func ruleset(_ rules: Rule..., sets: [ElementSet] = [], more: [Chain] = []) -> Ruleset {
        let base = Chain("prerouting", base: BaseChain(.nat, .prerouting, priority: -100), rules: rules)
        return Ruleset(tables: [Table(family: .inet, sets: sets, chains: more + [base])])
    }

    /// Slots 0–2 of a map name three backends.
    private func slots(_ selector: SlotSelector) -> ElementSet {
        let type = SetType(key: [.slot(modulus: selector.modulus)], value: .fields([.address(.ipv4)]))
        let rows = (UInt8(0)..<3).flatMap { [$0, 0, 0, 0, 10, 0, 0, $0] as [UInt8] }
        return ElementSet(name: "slots", type: type, fragments: [.shared: ElementTable(type.layout, unsortedRows: rows)])
    }

    @Test func aPacketThatNoRuleKnowsPasses() {
        let trace = Tracer(ruleset()).trace(packet)
        #expect(trace.map(\.fate) == [.passed])
        #expect(trace.map(\.share) == [1])
    }

    @Test(arguments: [SlotSelector.random(modulus: 4), .counter(modulus: 4)])
    func whereTheKernelChoosesAllWaysAreShown(selector: SlotSelector) {
        let lookup = Rule(.destinationNAT(.ipv4, Key(.slot(selector)), map: "slots", hasPort: false))
        let traces = Tracer(ruleset(lookup, Rule(.verdict(.drop)), sets: [slots(selector)])).trace(packet)
        #expect(traces.count == 4)
        #expect(traces.reduce(0) { $0 + $1.share } == 1)
        #expect(traces.contains { $0.fate == .dropped && $0.share == 0.25 }, "the slot without an element falls to the next rule")
    }

    @Test func gotoDoesNotComeBackAndJumpDoes() {
        let nothing = Chain("nothing", rules: [Rule(.transport(.udp), .verdict(.drop))])
        let drop = Rule(.verdict(.drop))
        #expect(Tracer(ruleset(Rule(.verdict(.goto("nothing"))), drop, more: [nothing])).trace(packet).map(\.fate) == [.passed])
        #expect(Tracer(ruleset(Rule(.verdict(.jump("nothing"))), drop, more: [nothing])).trace(packet).map(\.fate) == [.dropped])
    }

    @Test func whatIsNotTrackedIsNotTranslated() {
        let raw = Chain("raw", base: BaseChain(.filter, .prerouting, priority: -300), rules: [Rule(.notrack)])
        #expect(Tracer(ruleset(Rule(.verdict(.drop)), more: [raw])).trace(packet).map(\.fate) == [.passed])
    }

    /// Values from the reference implementation, hashlittle() of lookup3.c, with the kernel's initial value.
    @Test func jhashOfNothingIsTheStartValue() {
        #expect(jhash([], seed: 0) == 0xDEAD_BEEF)
        #expect(jhash([], seed: 0xDEAD_BEEF) == 0xBD5B_7DDE)
        #expect(jhash(Array("Four score and seven years ago".utf8), seed: 0) == 0x1777_0551)
        #expect(jhash(Array("Four score and seven years ago".utf8), seed: 1) == 0xCD62_8161)
    }
}
