import FarmModel
import HealthPolicy
import NetTypes
import Testing

@testable import ProbeExchanges

@Suite struct PostgresExchangeTests {
    private static func message(_ type: Character, _ body: [UInt8]) -> [UInt8] {
        Array(String(type).utf8) + bigEndian(body.count + 4, octets: 4) + body
    }
    private static func error(_ code: String, _ text: String) -> [UInt8] {
        message("E", Array("SFATAL\0VFATAL\0C\(code)\0M\(text)\0Fx.c\0".utf8) + [0])
    }
    private static let scram = message("R", [0, 0, 0, 10] + Array("SCRAM-SHA-256\0\0".utf8))
    private static let welcome = message("R", [0, 0, 0, 0])

    @Test(arguments: [
        Talk("password wanted", scram, .closed, .success("asks for a password")),
        Talk("password wanted, and the server stays", scram, .expired, .success("asks for a password")),
        Talk("notice first", message("N", [0]) + message("R", [0, 0, 0, 5, 1, 2, 3, 4]), .closed, .success("asks for a password")),
    ]) func serverThatAsksIsLeftPolitely(_ talk: Talk) {
        let course = talk.judge(PostgresExchange(Login(user: "probe", database: "shop")))
        let text = "user\0probe\0database\0shop\0application_name\0zvnft\0\0"
        #expect(course.sent == bigEndian(text.utf8.count + 8, octets: 4) + [0, 3, 0, 0] + Array(text.utf8))
        #expect(course.hungUp)
    }

    @Test func openServerGetsAGoodbye() {
        let whole =
            Self.welcome + Self.message("S", Array("TimeZone\0UTC\0".utf8)) + Self.message("K", [0, 0, 0, 1, 0, 0, 0, 2])
            + Self.message("Z", [0x49])
        let talk = Talk("let in", whole, .closed, .success("logged in"))
        #expect(Array(talk.judge(PostgresExchange(Login())).sent.suffix(5)) == [0x58, 0, 0, 0, 4])
    }

    @Test func whatIsMissingBehindTheDoorIsSaid() {
        let talk = Talk("missing", Self.welcome + Self.error("3D000", "no such database"), .failure("no such database (3D000)"))
        #expect(!talk.judge(PostgresExchange(Login(user: "probe"))).hungUp)
        Talk("cut off", Self.welcome, .closed, .silence("closed within the answer")).judge(PostgresExchange(Login()))
    }

    @Test func refusalOfAMadeUpUserIsAnAnswer() {
        let pairs = [("28000", "no pg_hba.conf entry"), ("28P01", "password"), ("3D000", "database \"zvnft\" does not exist")]
        for (code, text) in pairs {
            Talk(code, Self.error(code, text), .success("answers: \(text) (\(code))")).judge(PostgresExchange(Login()))
            Talk(code, Self.error(code, text), .failure("\(text) (\(code))")).judge(PostgresExchange(Login(user: "probe")))
        }
        for (code, text) in [("57P03", "the database system is starting up"), ("53300", "sorry, too many clients already")] {
            Talk(code, Self.error(code, text), .failure("\(text) (\(code))")).judge(PostgresExchange(Login()))
        }
    }

    @Test(arguments: [
        Talk("web server", "HTTP/1.1 400 Bad Request\r\n", .failure("not a PostgreSQL answer")),
        Talk("short length", [0x52, 0, 0, 0, 3], .failure("not a PostgreSQL answer")),
        Talk("long length", [0x52, 0x7F, 0xFF, 0xFF, 0xFF], .failure("not a PostgreSQL answer")),
        Talk("request without a method", message("R", []), .failure("not a PostgreSQL answer")),
        Talk("error without fields", message("E", []), .failure(" ()")), Talk("half", Array(scram.dropLast()), nil),
        Talk("closed", "", .closed, .silence("closed without an answer")),
        Talk("closed in the middle", [0x52], .closed, .silence("closed within the answer")),
        Talk("silent", "", .expired, .silence("no answer to the startup message")),
        Talk(
            "endless notices", [[UInt8]](repeating: message("N", [UInt8](repeating: 1, count: 9000)), count: 9).flatMap { $0 },
            .failure("not a PostgreSQL answer")),
    ]) func otherAnswers(_ talk: Talk) { talk.judge(PostgresExchange(Login())) }
}

@Suite struct MySQLExchangeTests {
    private static func packet(_ number: UInt8, _ body: [UInt8]) -> [UInt8] { [UInt8(body.count), 0, 0, number] + body }
    private static func error(_ number: UInt8, _ code: Int, _ text: String) -> [UInt8] {
        packet(number, [0xFF, UInt8(code & 0xFF), UInt8(code >> 8)] + Array(text.utf8))
    }
    private static let greeting = packet(
        0,
        [10] + Array("5.5.5-10.11.6-MariaDB\0".utf8) + [1, 0, 0, 0] + Array("saltsalt\0".utf8) + [0xFE, 0xF7, 33, 2, 0, 0xFF, 0x81, 21]
            + [UInt8](repeating: 0, count: 10) + Array("saltsaltsalt\0mysql_native_password\0".utf8))
    private static let okay = packet(2, [0, 0, 0, 2, 0, 0, 0])

    private static func login(_ user: String, _ more: [UInt8]) -> [UInt8] {
        let fixed: [UInt8] = [0x01, 0x82, 0x08, 0x00, 0, 0, 0, 1, 33] + [UInt8](repeating: 0, count: 23)
        let body = fixed + Array("\(user)\0\0mysql_native_password\0".utf8)
        return packet(1, body) + more
    }

    @Test func loginIsCarriedThroughAndEndsWithAGoodbye() {
        for ending in [Talk.Ending.closed, .expired] {
            let talk = Talk("let in", Self.greeting + Self.okay, ending, .success("10.11.6-MariaDB: logged in"))
            #expect(talk.judge(MySQLExchange(Login(user: "probe"))).sent == Self.login("probe", [1, 0, 0, 0, 1]))
        }
    }

    @Test func otherPluginIsToldThatThereIsNoPassword() {
        for (plugin, answer) in [("mysql_native_password", [0, 0, 0, 3]), ("caching_sha2_password", [1, 0, 0, 3, 0] as [UInt8])] {
            let asked = Self.packet(2, [0xFE] + Array("\(plugin)\0salt".utf8))
            let talk = Talk(
                plugin, Self.greeting + asked + Self.error(4, 1045, "#28000Access denied"),
                .success("10.11.6-MariaDB: answers: Access denied (1045)"))
            #expect(talk.judge(MySQLExchange(Login())).sent == Self.login("zvnft", answer))
        }
    }

    @Test func refusalOfAKnownUserIsAFailure() {
        let talk = Talk("refused", Self.greeting + Self.error(2, 1045, "#28000Access denied"), .failure("Access denied (1045)"))
        talk.judge(MySQLExchange(Login(user: "probe")))
    }

    @Test(arguments: [
        Talk("full", error(0, 1040, "Too many connections"), .failure("Too many connections (1040)")),
        Talk("locked out", error(0, 1129, "Host is blocked"), .failure("Host is blocked (1129)")),
        Talk("full after the login", greeting + error(2, 1040, "#08004Too many connections"), .failure("Too many connections (1040)")),
        Talk("web server", "HTTP/1.1 400 Bad Request\r\n", .failure("not a MySQL answer")),
        Talk("old protocol", packet(0, [9, 0x33, 0]), .failure("not a MySQL answer")),
        Talk("empty packet", [0, 0, 0, 0], .failure("not a MySQL answer")),
        Talk("greeting without an end", packet(0, [10, 0x35]), .failure("not a MySQL answer")),
        Talk("odd answer", greeting + packet(2, [0x42]), .failure("not a MySQL answer")),
        Talk("half", Array(greeting.dropLast()), nil), Talk("closed", "", .closed, .silence("closed without a greeting")),
        Talk("closed after the greeting", greeting, .closed, .silence("closed within the talk")),
        Talk("silent", "", .expired, .silence("no greeting")), Talk("silent later", greeting, .expired, .silence("no answer to the login")),
        Talk("endless", greeting + [[UInt8]](repeating: packet(2, [1]), count: 20).flatMap { $0 }, .failure("not a MySQL answer")),
    ]) func otherAnswers(_ talk: Talk) { talk.judge(MySQLExchange(Login())) }
}
