import FarmModel
import HealthPolicy
import NetTypes
import Testing

@testable import ProbeExchanges

/// Every answer is judged alike, however its bytes are cut.
@Suite struct HTTPAnswerTests {
    enum Ending { case open, closed }

    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var check = HTTPCheck()
        let answer: String
        var ending = Ending.open
        let outcome: ProbeOutcome
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "status with a body of a given length",
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", outcome: .success("status 200")),
        Case(name: "no body", answer: "HTTP/1.1 204 No Content\r\n\r\n", outcome: .success("status 204")),
        Case(name: "no reason phrase", answer: "HTTP/1.0 301\r\nContent-Length:0\r\n\r\n", outcome: .success("status 301")),
        Case(name: "bare line feeds", answer: "HTTP/1.1 200 OK\nContent-Length: 0\n\n", outcome: .success("status 200")),
        Case(name: "wrong status is known before the head ends", answer: "HTTP/1.1 503 Sorry\r\n", outcome: .failure("status 503")),
        Case(
            name: "interim answers are passed over",
            answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
            outcome: .success("status 204")),
        Case(
            name: "a head for HEAD", check: HTTPCheck(method: "HEAD"),
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", outcome: .success("status 200")),
        Case(
            name: "status range", check: HTTPCheck(expectStatus: [200...299, 401...401]),
            answer: "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", outcome: .success("status 401")),
        Case(
            name: "body until closed", check: HTTPCheck(expectBody: "fine"),
            answer: "HTTP/1.1 200 OK\r\n\r\nall is fine", ending: .closed, outcome: .success("status 200")),
        Case(
            name: "text is not in the body", check: HTTPCheck(expectBody: "fine"),
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfin!", outcome: .failure("expected text is not in the body")),
        Case(
            name: "text across chunks", check: HTTPCheck(expectBody: "all is fine"),
            answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;ext=1\r\nall \r\n7\r\nis fine\r\n0\r\nTrailer: x\r\n\r\n",
            outcome: .success("status 200")),
        Case(
            name: "text in the headers does not count", check: HTTPCheck(expectBody: "fine"),
            answer: "HTTP/1.1 200 OK\r\nX: fine\r\nContent-Length: 0\r\n\r\n", outcome: .failure("expected text is not in the body")),
        Case(
            name: "chunked wins over a length", check: HTTPCheck(expectBody: "x"),
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 99\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
            outcome: .success("status 200")),
        Case(
            name: "malformed chunk size", answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
            outcome: .failure("malformed chunk size")),
        Case(
            name: "two lengths", answer: "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            outcome: .failure("malformed Content-Length")),
        Case(
            name: "length with a sign", answer: "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n",
            outcome: .failure("malformed Content-Length")),
        Case(name: "binary", answer: "\u{16}\u{3}\u{1}\u{0}\u{5}", outcome: .failure("not an HTTP/1 answer")),
        Case(name: "another protocol", answer: "SSH-2.0-OpenSSH_9.2\r\n", outcome: .failure("not an HTTP/1 answer")),
        Case(name: "status of two digits", answer: "HTTP/1.1 20 OK\r\n", outcome: .failure("not an HTTP/1 answer")),
        Case(
            name: "endless line", answer: "HTTP/1.1 200 " + String(repeating: "a", count: 20_000), outcome: .failure("header line too long")
        ),
        Case(
            name: "endless headers", answer: "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 1000),
            outcome: .failure("more than 100 headers")),
        Case(
            name: "endless interim answers", answer: String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 20_000),
            outcome: .failure("answer too long")),
        Case(
            name: "endless body", answer: "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "z", count: 70_000), outcome: .success("status 200")
        ),
        Case(
            name: "text beyond the first 64 KiB", check: HTTPCheck(expectBody: "fine"),
            answer: "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "z", count: 65_536) + "fine",
            outcome: .failure("expected text is not in the body")),
        Case(name: "closed at once", answer: "", ending: .closed, outcome: .silence("closed without an answer")),
        Case(
            name: "closed within the head", answer: "HTTP/1.1 200 OK\r\nCon", ending: .closed, outcome: .silence("closed within the answer")
        ),
        Case(
            name: "closed within a body that does not matter", answer: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf",
            ending: .closed, outcome: .success("status 200")),
        Case(
            name: "closed within a body that matters", check: HTTPCheck(expectBody: "whole"),
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nwho", ending: .closed, outcome: .silence("closed within the answer")),
        Case(
            name: "pattern in the body", check: HTTPCheck(expectPattern: pattern("^up [0-9]+s$")),
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nup 12s", outcome: .success("status 200")),
        Case(
            name: "pattern is not in the body", check: HTTPCheck(expectPattern: pattern("^up [0-9]+s$")),
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nup s", outcome: .failure("expected pattern is not in the body")),
        Case(
            name: "text and pattern", check: HTTPCheck(expectBody: "up", expectPattern: pattern("x|y")),
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nupy", outcome: .success("status 200")),
        Case(
            name: "a header says that all is not well", check: HTTPCheck(degradedHeader: HTTPHeader("X-Health: degraded")),
            answer: "HTTP/1.1 200 OK\r\nx-health:  Degraded\r\nContent-Length: 0\r\n\r\n",
            outcome: .success("status 200, degraded", advice: ProbeAdvice(isDegraded: true))),
        Case(
            name: "another value of that header", check: HTTPCheck(degradedHeader: HTTPHeader("X-Health: degraded")),
            answer: "HTTP/1.1 200 OK\r\nX-Health: fine\r\nContent-Length: 0\r\n\r\n", outcome: .success("status 200")),
        Case(
            name: "compressed bytes are just bytes", check: HTTPCheck(expectBody: "fine"),
            answer: "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\u{1f}\u{1}\u{8}",
            outcome: .failure("expected text is not in the body")),
    ]

    private static func pattern(_ text: String) -> BytePattern? {
        do { return try BytePattern(text) } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    @Test(arguments: cases) func answerIsJudgedAlikeHoweverItIsCut(_ example: Case) {
        let bytes = Array(example.answer.utf8)
        for size in Set([bytes.count, (bytes.count + 1) / 2, 1]).filter({ $0 > 0 }) {
            #expect(judge(bytes, cutInto: size, example) == example.outcome, "pieces of \(size) bytes")
        }
        if bytes.isEmpty { #expect(judge(bytes, cutInto: 1, example) == example.outcome) }
    }

    /// Of heads as long as an answer may be, a byte shorter and longer, with a body that is looked at.
    @Test(arguments: [-2, -1, 0, 1, 2, 3]) func longestHeadsLeaveNothingForABodyAndDoNoHarm(excess: Int) {
        var head = Array("HTTP/1.1 200 OK\r\n".utf8)
        let length = HTTPAnswer.longestAnswer + excess - 2
        while head.count < length {
            let line = min(8000, length - head.count)
            let width = length - head.count - line < 16 ? length - head.count : line
            head += Array("X: ".utf8) + [UInt8](repeating: 0x78, count: max(0, width - 5)) + Array("\r\n".utf8)
        }
        let bytes = head + Array("\r\nxup".utf8)
        let example = Case(name: "", check: HTTPCheck(expectBody: "up"), answer: "", outcome: .success("status 200"))
        let whole = judge(bytes, cutInto: bytes.count, example)
        #expect(whole == judge(bytes, cutInto: 1, example) && whole == judge(bytes, cutInto: 4096, example))
        if case .failure = whole {} else { #expect(whole == nil && excess < 0, "\(String(describing: whole))") }
    }

    @Test func deadlineDecidesByWhatIsKnown() {
        func expire(_ answer: String, body: String? = nil) -> ProbeOutcome {
            let exchange = exchange(for: HTTPCheck(expectBody: body))
            if !answer.isEmpty { _ = exchange.received(Array(answer.utf8).span) }
            return exchange.expired()
        }
        #expect(expire("") == .silence("no answer to the request"))
        #expect(expire("HTTP/1.1 200 OK\r\n") == .silence("answer not complete"))
        #expect(expire("HTTP/1.1 200 OK\r\n\r\nstream") == .success("status 200"))
        #expect(expire("HTTP/1.1 200 OK\r\n\r\nstream", body: "stream") == .success("status 200"))
        #expect(expire("HTTP/1.1 200 OK\r\n\r\nstream", body: "other") == .silence("answer not complete"))
    }

    @Test func requestNamesHostAndAgent() {
        let request =
            "GET /healthz HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\nUser-Agent: zvnft\r\nAccept: */*\r\nConnection: keep-alive\r\n\r\n"
        var exchange = exchange(for: HTTPCheck(path: "/healthz"))
        #expect(exchange.opened() == .send(Array(request.utf8)))
    }

    @Test func furtherHeadersStandInTheRequest() {
        let check = HTTPCheck(method: "POST", headers: ["X-Probe: zvnft", "Authorization: Basic eDp5"].compactMap(HTTPHeader.init))
        var exchange = exchange(for: check)
        guard case .send(let bytes) = exchange.opened() else { return #expect(Bool(false), "nothing is sent") }
        #expect(
            String(decoding: bytes, as: UTF8.self).hasSuffix("Content-Length: 0\r\nX-Probe: zvnft\r\nAuthorization: Basic eDp5\r\n\r\n"))
    }

    private func exchange(for check: HTTPCheck) -> HTTPExchange {
        HTTPExchange(HealthCheck(kind: .http(check)), target: Endpoint(address: IPAddress(v6: 0x2001_0db8_0000_0000, 1), port: 8080))
    }

    private func judge(_ bytes: [UInt8], cutInto size: Int, _ example: Case) -> ProbeOutcome? {
        let exchange = exchange(for: example.check)
        for start in stride(from: 0, to: bytes.count, by: size) {
            let piece = Array(bytes[start..<min(start + size, bytes.count)])
            if case .done(let outcome) = exchange.received(piece.span) { return outcome }
        }
        return example.ending == .closed ? exchange.closed() : nil
    }
}
