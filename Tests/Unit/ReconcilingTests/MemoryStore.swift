import Seams
import Synchronization

/// State in memory, which can be full or unreadable.
final class MemoryStore: StateStore {
    private struct State {
        var items: [StateItem: [UInt8]] = [:]
        var writes: [StateItem: Int] = [:]
        var unwritable: Set<StateItem> = []
        var unreadable: Set<StateItem> = []
        var damages: [StateItem: String] = [:]
        var lost: [StateItem: [String]] = [:]
    }
    private let state = Mutex(State())

    func text(_ item: StateItem) -> String? { state.withLock { $0.items[item].map { String(decoding: $0, as: UTF8.self) } } }
    func put(_ item: StateItem, _ text: String?) { state.withLock { $0.items[item] = text.map { Array($0.utf8) } } }
    func writes(_ item: StateItem) -> Int { state.withLock { $0.writes[item] ?? 0 } }
    func refuse(writing items: Set<StateItem> = [], reading unreadable: Set<StateItem> = []) {
        state.withLock { ($0.unwritable, $0.unreadable) = (items, unreadable) }
    }

    /// The next reading says that a copy had to serve.
    func damage(_ item: StateItem, _ words: String) { state.withLock { $0.damages[item] = words } }
    /// The operator removes what was set aside.
    func forgetLosses() { state.withLock { $0.lost = [:] } }

    func setAside(_ item: StateItem) {
        state.withLock { state in
            state.items[item] = nil
            state.lost[item, default: []].append("\(item.rawValue).lost")
        }
    }

    func losses(of item: StateItem) -> [String] { state.withLock { $0.lost[item] ?? [] } }

    func read(_ item: StateItem) throws(StateFault) -> StateReading? {
        try state.withLock { state throws(StateFault) in
            guard !state.unreadable.contains(item) else { throw StateFault(message: "\(item.rawValue) is unreadable") }
            return state.items[item].map { StateReading(octets: $0, damage: state.damages[item]) }
        }
    }

    func write(_ item: StateItem, _ octets: [UInt8]) throws(StateFault) {
        try state.withLock { state throws(StateFault) in
            guard !state.unwritable.contains(item) else { throw StateFault(message: "no space left for \(item.rawValue)") }
            state.items[item] = octets
            state.writes[item, default: 0] += 1
        }
    }
}
