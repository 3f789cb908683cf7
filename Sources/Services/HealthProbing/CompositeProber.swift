import FarmModel
import HealthPolicy
import Synchronization

/// Probes backends, some of them by several probes at once; whoever asks sees one target with one verdict.
public final class CompositeProber: Sendable {
    private final class Board: Sendable {
        let state = Mutex(CompositeBoard())
        /// Held until what follows from news is handed over: of two threads with news of a target the later one is heard last.
        let order = Mutex(())
    }

    /// Probes one target each.
    public let loop: ProbeLoop
    private let board: Board
    private let clock: @Sendable () -> MonotonicInstant
    private let onChange: @Sendable ([ProbeReport]) -> Void

    /// - Parameter onChange: as of `ProbeLoop`; may also be called by `setTargets`, for what is known already, and so must not call that.
    public init(
        settings: ProbeSettings = ProbeSettings(), clock: @escaping @Sendable () -> MonotonicInstant = { .now },
        onChange: @escaping @Sendable ([ProbeReport]) -> Void
    ) throws(ProbingFault) {
        let board = Board()
        (self.board, self.clock, self.onChange) = (board, clock, onChange)
        loop = try ProbeLoop(settings: settings, clock: clock) { reports in
            board.order.withLock { _ in
                let translated = board.state.withLock { $0.translate(reports) }
                if !translated.isEmpty { onChange(translated) }
            }
        }
    }

    public func start() throws(ProbingFault) { try loop.start() }
    public func stop() { loop.stop() }

    /// As `ProbeLoop.setTargets`.
    public func setTargets(_ targets: [ProbeTarget: Verdict?], marks: [ProbeEntrance: UInt32] = [:]) {
        loop.setTargets(board.state.withLock { $0.setTargets(targets, at: clock()) }, marks: marks)
        board.order.withLock { _ in
            let reports = board.state.withLock { $0.catchUp(at: clock(), loop.state(of:)) }
            if !reports.isEmpty { onChange(reports) }
        }
    }

    public func state(of target: ProbeTarget) -> HealthState? {
        guard target.isComposite else { return loop.state(of: target) }
        return board.state.withLock { $0.state(of: target) }.map(HealthState.init)
    }

    /// As `ProbeLoop.effort`: of a target with several probes each counts.
    public var effort: ProbingEffort { loop.effort }

    public func snapshot() -> [ProbeTarget: HealthState] {
        loop.snapshot().merging(board.state.withLock { $0.states }.mapValues(HealthState.init)) { $1 }
    }
}

extension HealthState {
    fileprivate init(_ whole: CompositeState) {
        self.init(combined: whole.verdict, since: whole.since, reason: whole.reason, advice: whole.advice)
    }
}
