import FarmModel
import HealthPolicy
import NetTypes
import Testing

@testable import ProbeExchanges

@Suite struct TalkExchangeTests {
    private static let banner = SendExpect(expect: Array("SSH-2.0".utf8))
    private static let repeated = SendExpect(send: [0, 1], expect: Array("ababac".utf8))

    @Test(arguments: [
        Talk("the beginning is enough", "SSH-2.0-OpenSSH_9.2\r\n", .success("answered as expected")),
        Talk("more in front", "hello SSH-2.0", .success("answered as expected")),
        Talk("closed without", "HTTP/1.1 400", .closed, .failure("answered otherwise, and closed")),
        Talk("closed at once", "", .closed, .silence("closed without an answer")),
        Talk("nothing", "", .expired, .silence("no answer")),
        Talk("something else", "SSH-1", .expired, .silence("expected answer did not come")),
        Talk("half of it", "SSH-2", nil),
        Talk(
            "endless", String(repeating: "SSH-", count: 20_000), .failure("expected answer is not in the first 64 KiB")),
    ]) func greetingIsExpected(_ talk: Talk) { #expect(talk.judge(TalkExchange(Self.banner)).sent.isEmpty) }

    @Test(arguments: [
        Talk("at once", "ababac", .success("answered as expected")),
        Talk("after false starts", "abababababac", .success("answered as expected")),
        Talk("not yet", "abababab", nil),
    ]) func beginningsThatRepeat(_ talk: Talk) { #expect(talk.judge(TalkExchange(Self.repeated)).sent == [0, 1]) }

    @Test func withoutExpectationAnyAnswerWillDo() {
        Talk("any", "x", .success("answered as expected")).judge(TalkExchange(SendExpect(send: [1])))
        Talk("none", "", .closed, .silence("closed without an answer")).judge(TalkExchange(SendExpect(send: [1])))
    }

    @Test func binaryBytesAreFound() {
        Talk("zero", [1, 0, 255, 0], .success("answered as expected")).judge(TalkExchange(SendExpect(expect: [0, 255])))
    }
}

@Suite struct RedisExchangeTests {
    @Test(arguments: [
        Talk("pong", "+PONG\r\n", .success("PONG")),
        Talk(
            "password wanted", "-NOAUTH Authentication required.\r\n",
            .failure("wants a password (login.password): NOAUTH Authentication required.")),
        Talk(
            "loading", "-LOADING Redis is loading the dataset in memory\r\n",
            .failure("still loading its data: LOADING Redis is loading the dataset in memory")),
        Talk("replica", "-MASTERDOWN Link is down\r\n", .failure("replica without its master: MASTERDOWN Link is down")),
        Talk("other error", "-ERR max number of clients reached\r\n", .failure("ERR max number of clients reached")),
        Talk("other answer", "+PUNG\r\n", .failure("answers +PUNG to PING")), Talk("other type", ":1\r\n", .failure("not a Redis answer")),
        Talk("web server", "HTTP/1.1 400", .failure("not a Redis answer")),
        Talk("endless", "+" + String(repeating: "x", count: 5000), .failure("not a Redis answer")),
        Talk("half", "+PO", nil), Talk("closed", "", .closed, .silence("closed without an answer")),
        Talk("closed in the middle", "+PO", .closed, .silence("closed within the answer")),
        Talk("silent", "", .expired, .silence("no answer to PING")),
        Talk("control characters", "-a\u{1b}[31m\r\n", .failure("a?[31m")),
    ]) func answersToPing(_ talk: Talk) {
        #expect(talk.judge(RedisExchange(Login())).sent == Array("*1\r\n$4\r\nPING\r\n".utf8))
    }

    @Test(arguments: [
        Talk("let in", "+OK\r\n+PONG\r\n", .success("PONG")), Talk("asked only", "+OK\r\n", nil),
        Talk("refused", "-WRONGPASS invalid\r\n-NOAUTH x\r\n", .failure("login refused: WRONGPASS invalid")),
    ]) func answersToLogin(_ talk: Talk) {
        let auth = "*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n*1\r\n$4\r\nPING\r\n"
        #expect(talk.judge(RedisExchange(Login(password: "secret"))).sent == Array(auth.utf8))
        let named = "*3\r\n$4\r\nAUTH\r\n$5\r\nprobe\r\n$6\r\nsecret\r\n*1\r\n$4\r\nPING\r\n"
        #expect(talk.judge(RedisExchange(Login(user: "probe", password: "secret"))).sent == Array(named.utf8))
    }
}

@Suite struct SMTPExchangeTests {
    @Test(arguments: [
        Talk("whole", "220 mx ESMTP\r\n250-mx\r\n250-8BITMIME\r\n250 HELP\r\n221 bye\r\n", .success("ready")),
        Talk("short lines", "220\r\n250\r\n221\r\n", .success("ready")),
        Talk("greeting of several lines", "220-mx\r\n220 ready\r\n250 ok\r\n", .closed, .success("ready")),
        Talk("no goodbye", "220 mx\r\n250 ok\r\n", .expired, .success("ready")),
    ]) func serverIsHeardOut(_ talk: Talk) {
        #expect(talk.judge(SMTPExchange(SMTPCheck(host: "lb.example"))).sent == Array("EHLO lb.example\r\nQUIT\r\n".utf8))
    }

    @Test(arguments: [
        Talk("refusal", "554 5.7.1 go away\r\n", .failure("answers 554 5.7.1 go away")),
        Talk("refusal over lines", "421-too\r\n421 busy\r\n", .failure("answers 421-too")),
        Talk("closed", "", .closed, .silence("closed without a greeting")), Talk("silent", "", .expired, .silence("no greeting")),
        Talk("other protocol", "SSH-2.0", .failure("not an SMTP answer")), Talk("no code", "220mx\r\n", .failure("not an SMTP answer")),
        Talk("endless greeting", String(repeating: "220-x\r\n", count: 200), .failure("more than 100 lines")),
        Talk("endless line", "220 " + String(repeating: "x", count: 5000), .failure("not an SMTP answer")),
    ]) func serverThatDoesNotGreet(_ talk: Talk) { #expect(talk.judge(SMTPExchange(SMTPCheck())).sent.isEmpty) }

    @Test(arguments: [
        Talk("hello refused", "220 mx\r\n502 no\r\n", .failure("answers 502 no")),
        Talk("no answer to hello", "220 mx\r\n", .expired, .silence("no answer to EHLO")),
        Talk("closed after the greeting", "220 mx\r\n", .closed, .silence("closed within the talk")),
    ]) func serverThatStops(_ talk: Talk) {
        #expect(talk.judge(SMTPExchange(SMTPCheck())).sent == Array("EHLO [127.0.0.1]\r\n".utf8))
    }
}
