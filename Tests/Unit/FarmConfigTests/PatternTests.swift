import FarmModel
import Testing

/// Patterns against texts: what the usual engines would say, in bounded time.
@Suite struct PatternTests {
    private func occurs(_ pattern: String, _ text: String) throws -> Bool { try BytePattern(pattern).occurs(in: text.utf8) }

    @Test(arguments: [
        ("ok", "all is ok.", "o k"), ("^ok", "ok!", "not ok"), ("ok$", "all ok", "ok then"), ("^ok$", "ok", "ok\n"),
        ("a|b", "xxb", "c"), ("^(a|bc)$", "bc", "abc"), ("(ab)+c", "ababc", "abab"), ("ab*c", "ac", "adc"), ("ab?c", "abc", "abbc"),
        ("a{3}", "baaab", "aabaa"), ("^a{2,3}$", "aaa", "aaaa"), ("^a{2,}$", "aaaaa", "a"), ("^a{0,1}b{0}c$", "c", "bc"),
        ("[a-c]x", "bx", "dx"), ("[^a-c]x", "dx", "bx"), ("[]x]", "]", "y"), ("[a-]", "-", "b"), ("\\d+ ms", "12 ms", "x ms"),
        ("\\w\\W\\s\\S\\D", "a- bc", "abcde"), ("a.c", "abc", "a\nc"), ("\\.\\*", "x.*", "xy"), ("\\n", "\n", "n"), ("é+", "café", "cafe"),
        ("^$", "", "x"), ("(?:a|)b", "b", "a"), ("\"status\": ?\"(ok|warn)\"", "{\"status\": \"warn\"}", "{\"status\": \"bad\"}"),
        ("(a*)*b", "aab", "aa"), ("()*x", "x", "y"), ("[\\d.]+$", "v1.2", "v1.2 "),
    ]) func pattern(pattern: String, found: String, missed: String) throws {
        #expect(try occurs(pattern, found))
        #expect(try !occurs(pattern, missed))
    }

    @Test(arguments: [
        "(", ")", "a)", "[a", "[b-a]", "[é]", "[[:alpha:]]", "*", "+a", "a**", "a{", "a{x}", "a{2,1}", "a{200}", "(a{12}){12}", "\\", "\\b",
        "\\1", "a^",
        "a$b", "(a$)", "^a|b", "a|b$", "(?i)a", String(repeating: "a", count: 129),
        String(repeating: "(", count: 17) + String(repeating: ")", count: 17),
    ]) func whatIsNoPattern(text: String) { #expect(throws: PatternFault.self) { try BytePattern(text) } }

    /// The classics that take backtracking engines longer than the universe lasts.
    @Test(
        .timeLimit(.minutes(1)), arguments: ["(a*)*b", "(a|a)*b", "(a+)+b", "(a|aa)+b", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a{1,10}){1,10}b"])
    func timeIsBounded(pattern: String) throws { #expect(try !occurs(pattern, String(repeating: "a", count: 65_536))) }

    @Test func emptyRepetitionsEnd() throws { #expect(try occurs("((((){100}){100}){100}){100}x", "x")) }
}
