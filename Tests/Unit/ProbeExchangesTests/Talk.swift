import Testing

@testable import ProbeExchanges

/// What a server says to a probe in one go, and what the probe makes of it, however the bytes are cut.
struct Talk: Sendable, CustomTestStringConvertible {
    enum Ending { case open, closed, expired }

    let testDescription: String
    let answer: [UInt8]
    let ending: Ending
    /// Nil: the probe waits for more.
    let outcome: ProbeOutcome?

    init(_ name: String, _ answer: [UInt8], _ ending: Ending, _ outcome: ProbeOutcome?) {
        (testDescription, self.answer, self.ending, self.outcome) = (name, answer, ending, outcome)
    }

    init(_ name: String, _ answer: [UInt8], _ outcome: ProbeOutcome?) { self.init(name, answer, .open, outcome) }
    init(_ name: String, _ answer: String, _ outcome: ProbeOutcome?) { self.init(name, Array(answer.utf8), .open, outcome) }
    init(_ name: String, _ answer: String, _ ending: Ending, _ outcome: ProbeOutcome?) {
        self.init(name, Array(answer.utf8), ending, outcome)
    }

    /// What the probe has said, and how it ended.
    struct Course {
        var sent: [UInt8] = []
        var hungUp = false
        var outcome: ProbeOutcome?

        mutating func note(_ step: ProbeStep) {
            switch step {
            case .send(let bytes): sent += bytes
            case .hangUp: hungUp = true
            case .wait: break
            case .done(let end): outcome = outcome ?? end
            case .finish(let bytes, let end):
                sent += bytes
                outcome = outcome ?? end
            }
        }
    }

    /// Drives the exchange with pieces of so many bytes.
    func course(of start: some ProbeExchange, cutInto size: Int) -> Course {
        var (exchange, course) = (start, Course())
        course.note(exchange.opened())
        for begin in stride(from: 0, to: answer.count, by: size) where course.outcome == nil {
            course.note(exchange.received(Array(answer[begin..<min(begin + size, answer.count)]).span))
        }
        guard course.outcome == nil else { return course }
        switch ending {
        case .open: break
        case .closed: course.outcome = exchange.closed()
        case .expired: course.outcome = exchange.expired()
        }
        return course
    }

    /// At once, in halves, byte by byte; returns what was said in the last of these, which is like a talk in turns.
    @discardableResult
    func judge(_ exchange: some ProbeExchange, sourceLocation: SourceLocation = #_sourceLocation) -> Course {
        let byteByByte = course(of: exchange, cutInto: 1)
        #expect(byteByByte.outcome == outcome, "byte by byte", sourceLocation: sourceLocation)
        for size in [answer.count, (answer.count + 1) / 2] where size > 1 {
            #expect(course(of: exchange, cutInto: size).outcome == outcome, "pieces of \(size) bytes", sourceLocation: sourceLocation)
        }
        return byteByByte
    }
}

/// Noise that is no answer of any protocol, and ends every probe or leaves it waiting; the seed names it.
func noise(seed: UInt64, count: Int) -> [UInt8] {
    var state = seed
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
    }
}
