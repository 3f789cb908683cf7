import FarmModel
import HealthPolicy

/// Probes that are programs.
extension ProbeEngine {
    mutating func run(_ check: ExecCheck, _ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        guard programs.take(check, for: number) else {
            counts.postponed += 1
            entry.isPostponed = true
            return
        }
        counts.started += 1
        switch launch(check, entry.target) {
        case .failure(let trouble):
            programs.giveBack(check)
            counts.ownTrouble += 1
            finish(entry, number, .late(trouble.words), startedAt: now, now: now)
        case .success(let (program, output)):
            nextSerial &+= 1
            let attempt = ProbeAttempt(
                descriptor: output, serial: nextSerial, transport: .program, startedAt: now, stalledBefore: meter.total,
                exchange: ProgramExchange())
            (attempt.program, attempt.isConnected) = (program, true)
            watch(attempt, entry, number, now: now)
        }
    }

    /// Why we cannot start a program, which says nothing of the target.
    private struct LaunchTrouble: Error { let words: String }

    private mutating func launch(_ check: ExecCheck, _ target: ProbeTarget) -> Result<(RunningProgram, output: Int32), LaunchTrouble> {
        guard runsPrograms else { return .failure(LaunchTrouble(words: "execProbes is off in the daemon's settings")) }
        let user: LocalUser
        do { user = try LocalUser.named(check.user) } catch { return .failure(LaunchTrouble(words: error.words)) }
        makeRoom()
        let command = check.command.map {
            $0.replacing("{address}", with: target.address.description).replacing("{port}", with: String(target.port))
        }
        let environment = [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
            "ZVNFT_ADDRESS=\(target.address)", "ZVNFT_PORT=\(target.port)",
        ]
        return RunningProgram.start(command, of: check, environment: environment, as: user).mapError { LaunchTrouble(words: $0.words) }
    }

    /// News of its output or of its end.
    mutating func hear(_ program: RunningProgram, _ attempt: ProbeAttempt, _ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        guard case .exec(let check) = entry.target.check.kind else { return }
        let end = program.end
        // What it has left behind ends with it, and cannot write any more.
        if end != nil { program.kill() }
        program.read(from: attempt.descriptor, into: &receiveBuffer)
        if program.saysTooMuch {
            return finish(entry, number, .failure("command wrote more than 1 MiB"), startedAt: attempt.startedAt, now: now)
        }
        guard let end else { return }
        let outcome = ProgramAnswer.outcome(end, output: program.output, convention: check.convention)
        finish(entry, number, result(of: outcome, attempt, entry), startedAt: attempt.startedAt, now: now)
    }

    /// Its probe is over. One that still runs is killed with its group, and reaped when it has ended.
    mutating func abandon(_ program: RunningProgram, _ serial: UInt32) {
        guard program.end == nil else { return reap(program) }
        program.kill()
        dying[serial] = program
    }

    /// A killed program may have ended.
    mutating func bury(_ program: RunningProgram, _ serial: UInt32) {
        guard program.end != nil else { return }
        dying[serial] = nil
        reap(program)
    }

    private mutating func reap(_ program: RunningProgram) {
        program.reap()
        programs.giveBack(program.check)
    }

    var canStartProgram: Bool { programs.hasNext && hasRoom }

    /// Those that have waited for others to end.
    mutating func startWaitingPrograms(now: MonotonicInstant) {
        while hasRoom, let number = programs.popNext() { startPostponed(number, now: now) }
    }
}
