import FarmModel
import HealthPolicy

/// Probes that are programs.
extension ProbeEngine {
    func run(_ check: ExecCheck, _ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
        guard programCount < check.maxParallel else {
            counts.postponed += 1
            entry.isPostponed = true
            return waitingForPrograms.append(number)
        }
        counts.started += 1
        switch launch(check, entry.target) {
        case .failure(let fault): finish(entry, number, fault.result, startedAt: now, now: now)
        case .success(let (program, output)):
            nextSerial &+= 1
            let attempt = ProbeAttempt(
                descriptor: output, serial: nextSerial, transport: .program, startedAt: now, stalledBefore: meter.total,
                exchange: ProgramExchange())
            (attempt.program, attempt.isConnected) = (program, true)
            programCount += 1
            watch(attempt, entry, number, now: now)
        }
    }

    /// Why a program does not run.
    private struct LaunchFault: Error { let result: ProbeResult }

    private func launch(_ check: ExecCheck, _ target: ProbeTarget) -> Result<(RunningProgram, output: Int32), LaunchFault> {
        guard runsPrograms else { return .failure(LaunchFault(result: .late("execProbes is off in the daemon's settings"))) }
        guard let user = LocalUser.named(check.user) else {
            return .failure(LaunchFault(result: .failure("no user \(check.user) in /etc/passwd")))
        }
        let command = check.command.map {
            $0.replacing("{address}", with: target.address.description).replacing("{port}", with: String(target.port))
        }
        let environment = [
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
            "ZVNFT_ADDRESS=\(target.address)", "ZVNFT_PORT=\(target.port)",
        ]
        return RunningProgram.start(command, environment: environment, as: user).mapError { LaunchFault(result: result(of: $0)) }
    }

    /// News of its output or of its end.
    func hear(_ program: RunningProgram, _ attempt: ProbeAttempt, _ entry: ProbedTarget, _ number: Int, now: MonotonicInstant) {
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
        startNextProgram(now: now)
    }

    /// Its probe is over. One that still runs is killed with its group, and reaped when it has ended.
    func abandon(_ program: RunningProgram, _ serial: UInt32) {
        guard program.end == nil else { return reap(program) }
        program.kill()
        dying[serial] = program
    }

    /// A killed program may have ended.
    func bury(_ program: RunningProgram, _ serial: UInt32, now: MonotonicInstant) {
        guard program.end != nil else { return }
        dying[serial] = nil
        reap(program)
        startNextProgram(now: now)
    }

    private func reap(_ program: RunningProgram) {
        program.reap()
        programCount -= 1
    }

    /// One that must wait longer goes to the end of the line.
    private func startNextProgram(now: MonotonicInstant) {
        while let number = waitingForPrograms.popFirst() {
            // The target may have been removed since, or its number given to another.
            guard let entry = targets[number], entry.isPostponed, case .exec(let check) = entry.target.check.kind else { continue }
            guard programCount < check.maxParallel else { return waitingForPrograms.append(number) }
            entry.isPostponed = false
            return run(check, entry, number, now: now)
        }
    }
}
