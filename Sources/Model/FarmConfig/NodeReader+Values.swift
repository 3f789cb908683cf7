import NetTypes

extension NodeReader {
    /// A value with its place, for the checks that come after reading.
    func placed<Value>(_ value: Value?) -> Placed<Value>? { value.map { Placed(value: $0, spot: spot) } }

    func text() -> String? {
        guard case .text(let form) = key.type else { preconditionFailure("\(key.path) is not text") }
        guard let text = textScalar("text") else { return nil }
        guard form.accepts(text) else {
            fault(form.code, "\(text.quoted) is no valid \(key.path)", hint: "allowed: \(form.rule)")
            return nil
        }
        return text
    }

    /// One of the words of the table, given as a value of the model.
    func word<Word>(_ meaning: (String) -> Word?) -> Word? {
        guard let text = word(of: key.type) else { return nil }
        guard let value = meaning(text) else { preconditionFailure("\(key.path) offers \(text), which the model does not know") }
        return value
    }

    private func word(of type: ValueType) -> String? {
        guard case .choice(let choices) = type else { preconditionFailure("\(key.path) is not a choice") }
        guard let text = textScalar(type.summary) else { return nil }
        guard let choice = choices.first(where: { $0.word == text }) else {
            let near = NearestWord.to(text, among: choices.map(\.word))
            fault(
                .unknownWord, "unknown word \(text.quoted) for \(key.name.quoted)",
                hint: near.map { "did you mean \($0.quoted)?" } ?? "one of \(type.summary)")
            return nil
        }
        guard choice.isSupported else {
            fault(.notSupportedYet, "\(key.name.quoted) \(text.quoted) is not supported yet", hint: "one of \(type.summary)")
            return nil
        }
        return text
    }

    /// The words of a list, each at most once.
    func words<Word: Hashable>(_ meaning: (String) -> Word?) -> [Word]? {
        guard case .list(let type, let limit) = key.type else { preconditionFailure("\(key.path) is not a list") }
        guard let entries = entries(atMost: limit) else { return nil }
        var words: [Word] = []
        for entry in entries {
            guard let word = entry.word(of: type).flatMap(meaning) else { continue }
            if words.contains(word) {
                entry.fault(.unknownWord, "\(entry.node.scalar?.text.quoted ?? "") is listed twice", hint: "leave one out")
            }
            words.append(word)
        }
        return words.count == entries.count ? words : nil
    }

    func integer() -> Int? {
        guard case .integer(let range) = key.type else { preconditionFailure("\(key.path) is not a number") }
        return integer(in: range)
    }

    func integer(in range: ClosedRange<Int>) -> Int? {
        guard let scalar = scalar("a whole number"), let text = plainNumber(scalar, "a whole number") else { return nil }
        guard let number = DecimalText.integer(text), range.contains(number) else {
            fault(
                .badNumber,
                DecimalText.isInteger(text)
                    ? "\(text.shown) is out of range for \(key.name.quoted)" : "\(text.quoted) is not a whole number",
                hint: "from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// 50 or 50%
    func percent() -> Int? {
        guard case .percent(let range) = key.type else { preconditionFailure("\(key.path) is no percentage") }
        guard let scalar = scalar(key.type.summary) else { return nil }
        guard scalar.text.hasSuffix("%") else { return integer(in: range) }
        guard let number = DecimalText.integer(scalar.text.dropLast()), range.contains(number) else {
            fault(.badNumber, "\(scalar.text.quoted) is out of range for \(key.name.quoted)", hint: key.type.summary)
            return nil
        }
        return number
    }

    /// The digits of a plain scalar; what YAML reads in another base, or not as a number, is a fault.
    func plainNumber(_ scalar: SourceScalar, _ expected: String) -> String? {
        guard scalar.isPlain else {
            wrongType(expected, hint: "leave the quotes out")
            return nil
        }
        if let trap = scalar.trap, trap != "a number" {
            fault(
                .yamlTrap, "\(scalar.text.shown) is \(trap) to YAML; \(key.name.quoted) has to be \(expected)",
                hint: "write it as a decimal number")
            return nil
        }
        return scalar.text
    }

    func duration() -> Duration? {
        let expected = ValueType.duration.summary
        guard let scalar = scalar(expected) else { return nil }
        switch DurationText.parse(scalar.text) {
        case .success(let duration): return duration
        case .failure(let problem):
            if let trap = scalar.trap, trap != "a number" {
                fault(.yamlTrap, "\(scalar.text.shown) is \(trap) to YAML; \(key.name.quoted) has to be \(expected)")
            } else {
                fault(.badDuration, "\(scalar.text.quoted) is no duration: \(problem.message)", hint: problem.hint)
            }
            return nil
        }
    }

    func tableSize(_ classes: [Int]) -> Int?? {
        guard let scalar = scalar(ValueType.size(classes).summary) else { return nil }
        if scalar.text == "auto" { return .some(nil) }
        guard let text = plainNumber(scalar, ValueType.size(classes).summary) else { return nil }
        guard let size = DecimalText.integer(text), classes.contains(size) else {
            let near = DecimalText.integer(text).flatMap { wanted in classes.first { $0 >= wanted } ?? classes.last }
            fault(
                .badNumber, "\(text.quoted) is no table size on offer",
                hint: near.map { "the next one is \($0)" } ?? "auto, " + classes.map(String.init).alternatives)
            return nil
        }
        return size
    }
}

/// Numbers as a person writes them: no sign but a minus, no leading zeros.
enum DecimalText {
    static func isInteger(_ text: some StringProtocol) -> Bool {
        let digits = text.utf8.first == 0x2D ? text.dropFirst() : text[...]
        guard let first = digits.utf8.first, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return false }
        return first != 0x30 || digits.utf8.count == 1
    }

    /// Nil for other text and for what does not fit.
    static func integer(_ text: some StringProtocol) -> Int? { isInteger(text) ? Int(text) : nil }
}

/// A value and where it stands.
struct Placed<Value> {
    let value: Value
    let spot: Spot
}
