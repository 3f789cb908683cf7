import FarmModel
import NetTypes

extension NodeReader {
    func rate() -> Rate? {
        guard let scalar = scalar(RateText.rule) else { return nil }
        switch RateText.parse(scalar.text) {
        case .success(let rate): return rate
        case .failure(let problem):
            fault(.badRate, "\(scalar.text.quoted) is no rate: \(problem.message)", hint: problem.hint)
            return nil
        }
    }

    /// `20/s` or `{ rate: 20/s, burst: 100 }`
    func rateLimit() -> Rate? {
        if node.scalar != nil, !node.isNothing { return rate() }
        guard let fields = fields(ValueType.shortOrSection(.rate).summary), let rateReader = fields.required("rate") else { return nil }
        let burst = fields["burst"].map { $0.integer() }
        guard var rate = rateReader.rate(), burst != .some(nil) else { return nil }
        if let burst = burst ?? nil { rate.burst = burst }
        return rate
    }

    /// A word YAML 1.2 takes for a boolean; `yes`, `on` and the like are booleans to some readers and text to others.
    func boolean() -> Bool? {
        guard let scalar = scalar(key.type.summary) else { return nil }
        guard scalar.isPlain else {
            wrongType(key.type.summary, hint: "leave the quotes out")
            return nil
        }
        guard let value = Bool(scalar.text) else {
            let isTrap = scalar.trap == "a boolean"
            fault(
                isTrap ? .yamlTrap : .wrongType, "\(key.name.quoted) has to be \(key.type.summary), not \(scalar.text.quoted)",
                hint: isTrap ? "only true and false are booleans everywhere" : nil)
            return nil
        }
        return value
    }

    /// 256 or 0x100
    func mark() -> UInt32? {
        guard let scalar = scalar(key.type.summary) else { return nil }
        let text = scalar.text
        let isHexadecimal = text.hasPrefix("0x")
        let digits = isHexadecimal ? text.dropFirst(2) : text[...]
        let isNumber = isHexadecimal ? digits.utf8.count <= 8 && !digits.utf8.contains(0x2B) : DecimalText.isInteger(digits)
        guard scalar.isPlain || isHexadecimal, isNumber, let mark = UInt32(digits, radix: isHexadecimal ? 16 : 10), mark != 0 else {
            fault(.badMark, "\(text.quoted) is no packet mark", hint: "\(key.type.summary)")
            return nil
        }
        return mark
    }

    /// An address or a prefix.
    func network() -> AddressRange? {
        guard let text = textScalar(ValueType.network.summary) else { return nil }
        switch NetworkText.parse(text) {
        case .success(let range): return range
        case .failure(let problem):
            fault(.badNetwork, "\(text.quoted) \(problem.message)", hint: problem.hint)
            return nil
        }
    }

    /// A duration that the kernel can keep: whole seconds.
    func seconds() -> Duration? {
        guard let duration = duration() else { return nil }
        guard duration.components.attoseconds == 0 else {
            fault(.badDuration, "\(key.name.quoted) has to be whole seconds", hint: "at least 1s")
            return nil
        }
        return duration
    }
}
