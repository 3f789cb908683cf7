import FarmConfig
import FarmModel
import Testing

@Suite struct VerdictPolicyTests {
    @Test func allKeys() throws {
        let read = try farm(
            minimal(
                """
                quorum: 2
                quorumHysteresis: 1
                health:
                  initialState: up
                  onDown: reset
                  slowStart: 30s
                  dampening: { hold: 5s, limit: 2m, calm: 90s }
                  panicThreshold: 30%
                  passive: { failures: 7, window: 20s, ejectTime: 1m, maxEject: 25 }
                """))
        let dampening = Dampening(hold: .seconds(5), limit: .seconds(120), calm: .seconds(90))
        #expect(
            read.verdictPolicy
                == VerdictPolicy(initialState: .up, onDown: .reset, slowStart: .seconds(30), dampening: dampening))
        #expect(read.panicThreshold == 30 && read.quorumHysteresis == 1)
        #expect(
            read.passive == PassiveDetection(failures: 7, window: .seconds(20), ejectTime: .seconds(60), maxEject: 25))
    }

    @Test func defaultsAreThoseOfTheModel() throws {
        let plain = try farm(minimal(""))
        #expect(plain.verdictPolicy == VerdictPolicy() && plain.panicThreshold == 50 && plain.passive == nil)
        let written = "health: { initialState: lastKnown, onDown: remove, panicThreshold: 50% }\nquorumHysteresis: 0"
        #expect(try farm(minimal(written)) == plain)
        #expect(try farm(minimal("health: { passive: {}, dampening: {} }")).passive == PassiveDetection())
        let whole = "health: { passive: { failures: 5, window: 10s, ejectTime: 30s, maxEject: 10% } }"
        #expect(try farm(minimal(whole)).passive == PassiveDetection())
        #expect(try farm(minimal("health: { dampening: { hold: 10s, limit: 5m, calm: 1m } }")).verdictPolicy.dampening == Dampening())
    }

    @Test func aBackendReplacesSingleKeysOfItsOwn() throws {
        let read = try farm(
            minimal(
                "health: { slowStart: 10s, onDown: drain }",
                backends: "[10.0.1.1, { address: 10.0.1.2, health: { slowStart: 1m } }]"))
        #expect(read.backends[0].verdictPolicy == nil)
        #expect(read.verdictPolicy(of: read.backends[1]) == VerdictPolicy(onDown: .drain, slowStart: .seconds(60)))
        #expect(read.verdictPolicy(of: read.backends[0]) == VerdictPolicy(onDown: .drain, slowStart: .seconds(10)))
    }

    @Test func theFarmAloneDecidesOfPanicAndPassiveDetection() {
        for key in ["panicThreshold: 0", "passive: {}"] {
            let faults = expectFaults(minimal("", backends: "[{ address: 10.0.1.1, health: { ▲\(key) } }]"), .unknownKey)
            #expect(faults[0].hint?.hasPrefix("it belongs to farm.health.") == true, "\(faults)")
        }
    }

    @Test func valuesAreChecked() {
        expectFaults(minimal("health: { panicThreshold: ▲101 }"), .badNumber)
        expectFaults(minimal("health: { panicThreshold: ▲101% }"), .badNumber)
        expectFaults(minimal("health: { panicThreshold: ▲half }"), .badNumber)
        expectFaults(minimal("health: { onDown: ▲kill }"), .unknownWord)
        expectFaults(minimal("health: { dampening: { hold: 10s, limit: ▲5s } }"), .badDuration)
        expectFaults(minimal("health: { dampening: ▲10s }"), .wrongType)
        expectFaults(minimal("health: { passive: { maxEject: ▲0 } }"), .badNumber)
    }

    @Test func whatNeedsConntrackSaysSo() {
        let stateless = "mode: stateless\nhealth: "
        expectFaults(minimal(stateless + "{ passive: ▲{} }"), .doesNotApply)
        expectFaults(minimal(stateless + "{ onDown: ▲reset }"), .doesNotApply)
        expectFaults(
            minimal("mode: stateless", backends: "[{ address: 10.0.1.1, health: { onDown: ▲reset } }]"), .doesNotApply)
        #expect(load(minimal(stateless + "{ onDown: drain, slowStart: 10s }")).faults.isEmpty)
    }

    @Test func whoIsNotProbedHasNoVerdictsToFollow() {
        expectFaults(minimal("health: { type: none, slowStart: ▲10s }"), .doesNotApply)
        #expect(load(minimal("health: { type: none, passive: {} }")).faults.isEmpty)
    }
}
