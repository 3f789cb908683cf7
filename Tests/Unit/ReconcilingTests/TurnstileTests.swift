import Synchronization
import Testing

@testable import Reconciling

@Suite struct TurnstileTests {
    @Test func oneIsInsideAtATime() async {
        let turnstile = Turnstile()
        let room = Room()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    await turnstile.enter()
                    room.enter()
                    await Task.yield()
                    room.leave()
                    turnstile.leave()
                }
            }
        }
        #expect(room.most == 1 && room.visits == 200)
    }

    @Test func theyGoInAsTheyCame() async throws {
        let turnstile = Turnstile()
        let room = Room()
        await turnstile.enter()
        // Tasks on one actor queue up in the order in which they were made.
        let queue = Queue()
        for number in 0..<20 { await queue.add(number, turnstile, room) }
        try await until("all of them wait") { await queue.waiting == 20 }
        turnstile.leave()
        try await until("all have been inside") { room.order.count == 20 }
        #expect(room.order == Array(0..<20))
    }

    @Test func whoComesWhenItIsFreeNeedNotWait() async {
        let turnstile = Turnstile()
        for _ in 0..<3 {
            await turnstile.enter()
            turnstile.leave()
        }
    }

    private final class Room: Sendable {
        private struct State {
            var (now, most, visits) = (0, 0, 0)
            var order: [Int] = []
        }
        private let state = Mutex(State())

        var most: Int { state.withLock(\.most) }
        var visits: Int { state.withLock(\.visits) }
        var order: [Int] { state.withLock(\.order) }
        func note(_ number: Int) { state.withLock { $0.order.append(number) } }
        func leave() { state.withLock { $0.now -= 1 } }
        func enter() {
            state.withLock { state in
                state.now += 1
                state.visits += 1
                state.most = max(state.most, state.now)
            }
        }
    }

    private actor Queue {
        private(set) var waiting = 0

        func add(_ number: Int, _ turnstile: Turnstile, _ room: Room) {
            Task {
                waiting += 1
                await turnstile.enter()
                room.note(number)
                turnstile.leave()
            }
        }
    }
}
