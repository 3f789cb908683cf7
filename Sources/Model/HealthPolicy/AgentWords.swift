/// What an agent says in one line, in the words of HAProxy's `agent-check`: separated by blanks, tabs or commas, in any order, the last of
/// a kind counts. Behind `#` stands why; HAProxy itself hears it only behind a blank, although it is documented without one.
public enum AgentWords {
    /// As far as HAProxy goes.
    static let mostPercent = 25_600

    /// Nil when the line has no word that is known: then nothing changes.
    public static func parse(_ line: String) -> ProbeAdvice? {
        let (text, note) = split(line)
        let words = text.split { " \t,".contains($0) }.map { $0.lowercased() }
        var (advice, isKnown) = (ProbeAdvice(), false)
        for word in words { isKnown = take(word, note, into: &advice) || isKnown }
        return isKnown ? advice : nil
    }

    private static func split(_ line: String) -> (text: Substring, note: String) {
        guard let hash = line.firstIndex(of: "#") else { return (line[...], "") }
        return (line[..<hash], String(line[line.index(after: hash)...].drop { $0 == " " || $0 == "\t" }))
    }

    private static func take(_ word: String, _ note: String, into advice: inout ProbeAdvice) -> Bool {
        switch word {
        case "up": advice.health = .up
        case "down", "fail", "stopped": advice.health = .down(note.isEmpty ? word : "\(word): \(note)")
        case "ready": advice.admin = .ready
        case "drain": advice.admin = .drain
        case "maint": advice.admin = .maintenance
        default: return takeNumber(word, into: &advice)
        }
        return true
    }

    private static func takeNumber(_ word: String, into advice: inout ProbeAdvice) -> Bool {
        if word.hasSuffix("%"), let percent = number(word.dropLast()) {
            advice.weight = .percent(min(percent, mostPercent))
        } else if word.hasPrefix("weight:"), let weight = number(word.dropFirst(7)) {
            advice.weight = .absolute(weight)
        } else if word.hasPrefix("maxconn:"), let limit = number(word.dropFirst(8)) {
            advice.connectionLimit = limit
        } else {
            return false
        }
        return true
    }

    /// Digits only, at most nine of them.
    private static func number(_ text: Substring) -> Int? {
        guard !text.isEmpty, text.utf8.count <= 9, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(text)
    }
}
