import ControlAPI

extension ControlClient {
    /// Runs the call as long as the daemon shows that it lives, and throws when it does not.
    func patiently<Outcome: Sendable>(_ call: @escaping @Sendable () async throws -> Outcome) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome?.self) { tasks in
            tasks.addTask { try await call() }
            tasks.addTask {
                try await watch()
                return nil
            }
            defer { tasks.cancelAll() }
            while let outcome = try await tasks.next() {
                if let outcome { return outcome }
            }
            throw unreachable("gave no answer")
        }
    }

    /// Returns at a sign of life.
    func awaitSign() async throws {
        guard await !isSilent() else { throw silent }
    }

    /// Throws when there is no sign of life; ends otherwise with its task.
    private func watch() async throws {
        while true {
            // The call has its answer when this is cancelled.
            guard (try? await Task.sleep(for: patience.quiet)) != nil else { return }
            try await awaitSign()
        }
    }

    /// A connection that is refused or closed is no silence: the call itself will hear of that.
    private func isSilent() async -> Bool {
        let client = ControlClient(socketPath: socketPath, timeout: patience.sign, patience: patience)
        do {
            _ = try await client.answer(to: ControlRequest(method: .GET, path: "/healthz"))
            return false
        } catch {
            return (error as? Unreachable)?.isSilence == true
        }
    }

    private var silent: Unreachable {
        Unreachable(
            socketPath: socketPath,
            reason: """
                does not answer: it hangs, is stopped (SIGSTOP), or this machine has no time for it; see `systemctl status zvnftd` and its log, \
                or restart it. The kernel goes on balancing meanwhile
                """, isSilence: true)
    }
}
