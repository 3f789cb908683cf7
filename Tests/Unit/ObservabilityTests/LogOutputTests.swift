import Glibc
import Testing

@testable import Observability

@Suite(.timeLimit(.minutes(1))) struct LogOutputTests {
    @Test func aReaderThatStopsHoldsUpNobodyAndIsToldOfWhatItMissed() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let output = LogOutput(ends[1])
        let line = String(repeating: "x", count: 10_000) + "\n"
        let start = ContinuousClock.now
        // Ten times of what a pipe holds.
        for _ in 0..<64 { output.write(line) }
        #expect(start.duration(to: .now) < .seconds(5), "it waits once, not for each line")
        var heard = drain(ends[0])
        #expect(heard.count <= 65_536 && heard.hasPrefix(line))
        output.write("there again\n")
        heard = drain(ends[0])
        #expect(heard.hasPrefix("warning: ") && heard.contains(" log lines were lost") && heard.hasSuffix("\nthere again\n"), "\(heard)")
    }

    @Test func linesArriveWhole() throws {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let output = LogOutput(ends[1])
        output.write("one\n")
        output.write(String(repeating: "y", count: 9000) + "\n")
        #expect(drain(ends[0]) == "one\n" + String(repeating: "y", count: 9000) + "\n")
    }

    private func drain(_ descriptor: Int32) -> String {
        var (text, part) = ([UInt8](), [UInt8](repeating: 0, count: 65_536))
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&entry, 1, 0) > 0, case let count = read(descriptor, &part, part.count), count > 0 { text += part[..<count] }
        return String(decoding: text, as: UTF8.self)
    }
}
