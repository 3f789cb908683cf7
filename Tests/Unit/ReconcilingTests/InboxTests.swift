import FarmModel
import HealthPolicy
import NetTypes
import Seams
import Testing

@testable import Reconciling

@Suite struct InboxTests {
    private func target(_ last: UInt32) -> ProbeTarget {
        ProbeTarget(address: IPAddress(v4: 0x0A00_0000 + last), port: 80, check: HealthCheck())
    }

    private func post(_ inbox: Inbox, _ verdict: Verdict, _ last: UInt32, at nanoseconds: Int64) {
        inbox.post([(target: target(last), verdict: verdict, reason: "\(nanoseconds)", at: MonotonicInstant(nanoseconds: nanoseconds))])
    }

    @Test func theLastVerdictOfATargetCountsAndTheOldestInstant() {
        let inbox = Inbox()
        post(inbox, .down, 1, at: 30)
        post(inbox, .up, 1, at: 40)
        post(inbox, .down, 2, at: 20)
        let news = inbox.take()
        #expect(news.verdicts == [target(1): .up, target(2): .down])
        #expect(news.reasons == [target(1): "40", target(2): "20"])
        #expect(news.oldestVerdict == MonotonicInstant(nanoseconds: 20))
        #expect(inbox.take().verdicts.isEmpty)
    }

    @Test func verdictsCanBeTakenAlone() {
        let inbox = Inbox()
        post(inbox, .up, 1, at: 1)
        inbox.post([.routes])
        #expect(inbox.takeVerdicts().verdicts == [target(1): .up])
        let rest = inbox.take()
        #expect(rest.verdicts.isEmpty && rest.oldestVerdict == nil && rest.isNetworkChanged)
    }

    @Test func eachEventIsRememberedAsWhatItAsksFor() throws {
        let author = KernelEvent.Author(processID: 5, name: "nft")
        let mac = try #require(MACAddress("02:00:00:00:00:01"))
        let address = IPAddress(v4: 0x0A00_0001)
        let inbox = Inbox()
        inbox.post([.generation(7, author: author), .generation(9, author: author)])
        inbox.post([.neighbour(address, device: 3, mac), .neighbour(address, device: 3, nil)])
        var news = inbox.take()
        #expect(news.generation?.id == 9 && news.generation?.author == author)
        #expect(news.neighbours == [.init(address: address, device: 3): nil])
        #expect(!news.isNetworkChanged && !news.areTablesStale)
        inbox.post([.overrun(.tables)])
        news = inbox.take()
        #expect(news.areTablesStale && !news.isNetworkChanged)
        for event in [KernelEvent.routes, .overrun(.network), .linkGone(index: 4), .address(address, device: 3, isPresent: true)] {
            inbox.post([event])
            #expect(inbox.take().isNetworkChanged, "\(event)")
        }
    }

    @Test func newsAreBoundedHoweverManyEventsCome() {
        let inbox = Inbox()
        for number in 0..<10_000 {
            inbox.post([.linkGone(index: UInt32(number)), .neighbour(IPAddress(v4: 1), device: 1, nil)])
            post(inbox, number % 2 == 0 ? .up : .down, 1, at: Int64(number))
        }
        let news = inbox.take()
        #expect(news.linkNotes.count <= 100 && news.neighbours.count == 1 && news.verdicts.count == 1)
    }

    @Test func manyNewsWakeOnce() async {
        let inbox = Inbox()
        for _ in 0..<100 { inbox.post([.routes]) }
        inbox.close()
        var count = 0
        for await _ in inbox.wakeUps { count += 1 }
        #expect(count == 1)
    }
}
