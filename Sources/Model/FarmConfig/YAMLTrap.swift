/// Plain scalars that YAML readers take for something else than text (yaml.org/type, YAML 1.2.2 § 10.3).
enum YAMLTrap {
    static func reading(of text: String) -> String? {
        guard let first = text.utf8.first else { return "nothing" }
        if text.utf8.count <= 5, booleans.contains(text) { return "a boolean" }
        if text.utf8.count <= 4, nulls.contains(text) { return "null" }
        if text == "<<" { return "a merge key" }
        guard (0x30...0x39).contains(first) || first == 0x2B || first == 0x2D || first == 0x2E else { return nil }
        let isAddress = text.utf8.count { $0 == 0x2E } > 1
        return !isAddress && text.utf8.allSatisfy(isNumberByte) ? number(text) : nil
    }

    private static let booleans: Set = [
        "yes", "Yes", "YES", "no", "No", "NO", "true", "True", "TRUE", "false", "False", "FALSE", "on", "On", "ON", "off", "Off", "OFF",
        "y", "Y", "n", "N",
    ]
    private static let nulls: Set = ["~", "null", "Null", "NULL"]

    /// What occurs in a number of any base, .inf or .nan: most text is told apart at a glance.
    private static func isNumberByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x2B...0x2E, 0x30...0x3A, 0x41...0x46, 0x61...0x66, 0x49, 0x4E, 0x69, 0x6E, 0x6F, 0x78, 0x5F: true
        default: false
        }
    }

    private static func number(_ text: String) -> String? {
        var digits = text[...]
        if digits.hasPrefix("-") || digits.hasPrefix("+") { digits = digits.dropFirst() }
        guard !digits.isEmpty else { return nil }
        if DecimalText.isInteger(digits) { return "a number" }
        if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(String(digits)) { return "a number" }
        if let base = prefixed(digits) { return base }
        if isSexagesimal(digits) { return "a number in base 60" }
        if isDecimal(digits) { return "a number" }
        return nil
    }

    /// 0x1F, 0o17, 0b11 and the leading zero of YAML 1.1.
    private static func prefixed(_ digits: Substring) -> String? {
        guard digits.hasPrefix("0"), digits.count > 1 else { return nil }
        let rest = digits.dropFirst()
        func isOf(_ radix: Int, _ text: Substring) -> Bool {
            !text.isEmpty && text.allSatisfy { $0 == "_" || ($0.isASCII && $0.hexDigitValue.map { $0 < radix } == true) }
        }
        if rest.hasPrefix("x"), isOf(16, rest.dropFirst()) { return "a hexadecimal number" }
        if rest.hasPrefix("b"), isOf(2, rest.dropFirst()) { return "a binary number" }
        if isOf(8, rest.hasPrefix("o") ? rest.dropFirst() : rest) { return "an octal number" }
        return nil
    }

    /// 22:22 and 1:30:00, but not 203.0.113.10:80.
    private static func isSexagesimal(_ digits: Substring) -> Bool {
        let parts = digits.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count > 1 && isDigits(parts[0]) && parts.dropFirst().allSatisfy { isDigits($0) && $0.count <= 2 && Int($0) ?? 60 < 60 }
    }

    /// 12, 1_000, 1.5, 1e3, .5
    private static func isDecimal(_ digits: Substring) -> Bool {
        let parts = digits.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let tail = (parts.count == 2 ? parts[1] : "").split(whereSeparator: { $0 == "e" || $0 == "E" })
        if parts.count == 2, !parts[0].isEmpty || !parts[1].isEmpty, isDigits(parts[0], orEmpty: true) {
            return tail.isEmpty || (tail.count <= 2 && isDigits(tail[0], orEmpty: true) && tail.dropFirst().allSatisfy { isExponent($0) })
        }
        let powers = digits.split(whereSeparator: { $0 == "e" || $0 == "E" })
        return isDigits(powers[0]) && powers.count <= 2 && powers.dropFirst().allSatisfy { isExponent($0) } && digits.last?.isNumber == true
    }

    private static func isExponent(_ text: Substring) -> Bool {
        isDigits(text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text)
    }

    private static func isDigits(_ text: Substring, orEmpty: Bool = false) -> Bool {
        (orEmpty || !text.isEmpty) && text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x5F }
    }
}
