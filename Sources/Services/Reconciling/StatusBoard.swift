import ControlAPI
import Synchronization

/// The status as it was when somebody wrote it last, for whoever asks.
final class StatusBoard: Sendable {
    private let kept = Mutex<StatusView?>(nil)

    /// Nil until the first change.
    var view: StatusView? {
        get { kept.withLock { $0 } }
        set { kept.withLock { $0 = newValue } }
    }
}
