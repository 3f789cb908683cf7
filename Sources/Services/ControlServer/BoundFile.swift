import Synchronization

/// A file by what it is, not by its name.
struct FileIdentity: Sendable, Equatable {
    let device, inode: UInt64
}

/// Which file the newest listener is bound to. Listeners are numbered in their order.
final class BoundFile: Sendable {
    private enum Phase: Equatable {
        case opening, lost
        case open(FileIdentity)
    }
    private let state = Mutex((number: 0, phase: Phase.opening))

    /// A further listener is about to open; returns its number.
    func begin() -> Int {
        state.withLock { state in
            state = (state.number + 1, .opening)
            return state.number
        }
    }

    /// Nil: the file was gone before anybody could look at it.
    func opened(_ number: Int, _ identity: FileIdentity?) { settle(number, identity.map(Phase.open) ?? .lost) }

    func failed(_ number: Int) { settle(number, .lost) }

    /// Whether the name stands for something else now, or for nothing.
    func isGone(present: FileIdentity?) -> Bool {
        state.withLock { state in
            switch state.phase {
            case .opening: false
            case .lost: true
            case .open(let identity): identity != present
            }
        }
    }

    private func settle(_ number: Int, _ phase: Phase) {
        state.withLock { state in
            guard state.number == number, state.phase == .opening else { return }
            state.phase = phase
        }
    }
}
