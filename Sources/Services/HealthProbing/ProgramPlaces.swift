import FarmModel

/// How many programs of each check run at a time: `maxParallel` and no more, with those that are killed and not reaped yet. Who finds no
/// place waits in the line of its check, so that a check whose programs hang holds up no other.
struct ProgramPlaces {
    private struct Line {
        var running = 0
        var waiting = NumberQueue()
        var isFreed = false
    }

    private var lines: [ExecCheck: Line] = [:]
    /// Checks that have lost a program while others waited.
    private var freed: [ExecCheck] = []
    /// Of all checks.
    private(set) var running = 0

    /// Whether a number may have its turn.
    var hasNext: Bool { !freed.isEmpty }

    /// Takes a place; without one that is free `number` waits, and it is false.
    mutating func take(_ check: ExecCheck, for number: Int) -> Bool {
        guard lines[check, default: Line()].running < check.maxParallel else {
            lines[check, default: Line()].waiting.append(number)
            return false
        }
        lines[check, default: Line()].running += 1
        running += 1
        return true
    }

    /// Gives a place back.
    mutating func giveBack(_ check: ExecCheck) {
        guard var line = lines[check] else { preconditionFailure("a place that nobody has taken") }
        line.running -= 1
        running -= 1
        if !line.waiting.isEmpty, !line.isFreed {
            line.isFreed = true
            freed.append(check)
        }
        store(line, of: check)
    }

    /// A number whose turn it is; nil when there is none. It takes its place itself, or has gone: then the next one is asked for.
    mutating func popNext() -> Int? {
        while let check = freed.last {
            if var line = lines[check], line.running < check.maxParallel, let number = line.waiting.popFirst() {
                store(line, of: check)
                return number
            }
            lines[check]?.isFreed = false
            freed.removeLast()
        }
        return nil
    }

    private mutating func store(_ line: Line, of check: ExecCheck) {
        lines[check] = line.running == 0 && line.waiting.isEmpty ? nil : line
    }
}
