import Testing

@testable import Reconciling

@Suite struct EventBusTests {
    @Test func aListenerHearsItsFarmAlone() async {
        let bus = EventBus()
        var (web, all) = (bus.stream(farm: "web").makeAsyncIterator(), bus.stream(farm: nil).makeAsyncIterator())
        bus.post(.verdict, farm: "other", backend: "b1", "down")
        bus.post(.change, "of everything")
        bus.post(.verdict, farm: "web", backend: "b2", "up")
        #expect(await web.next()?.backend == "b2")
        #expect(await all.next()?.farm == "other")
        #expect(await all.next()?.message == "of everything")
    }

    @Test func whoFallsBehindLosesTheOldest() async {
        let bus = EventBus()
        var events = bus.stream(farm: nil).makeAsyncIterator()
        for number in 1...1_500 { bus.post(.change, "\(number)") }
        #expect(await events.next()?.message == "501")
    }
}
