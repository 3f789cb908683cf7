import Yams

/// Says in the words of a farm file what the YAML parser could not read.
struct YAMLSyntax {
    let source: SourceText
    let log: FaultLog

    func report(_ error: any Error) {
        switch error {
        case YamlError.scanner(let context, let problem, let mark, _), YamlError.parser(let context, let problem, let mark, _):
            report(problem, context, mark)
        case YamlError.composer(_, _, let mark, _):
            log.report(.aliasOrTag, "anchors and aliases are not supported", at: Spot(mark), hint: "write the values out")
        case YamlError.reader(let problem, let offset, _, _):
            log.report(.badEncoding, "unreadable: \(problem)", at: source.spot(atOffset: offset ?? 0))
        default:
            log.report(.yamlSyntax, "unreadable YAML", at: Spot(line: 1, column: 1, length: 1))
        }
    }

    private func report(_ problem: String, _ context: YamlError.Context?, _ mark: Mark) {
        let related = context.flatMap { context in
            context.mark.line == mark.line ? nil : log.related(Spot(context.mark), context.text)
        }
        let remark = remark(problem, mark)
        log.report(remark.code, remark.message, at: remark.spot ?? Spot(mark), hint: remark.hint, related: related.map { [$0] } ?? [])
    }

    private struct Remark {
        let code: FaultCode
        let message: String
        var hint: String?
        var spot: Spot?
    }

    private func remark(_ problem: String, _ mark: Mark) -> Remark {
        if problem.hasPrefix("Maximum nesting") {
            return Remark(
                code: .tooDeep, message: "more than \(FarmLimits.depth) levels of mappings and lists", hint: "a farm needs five",
                spot: depthSpot())
        }
        if mark.line > source.lineCount || (mark.line == source.lineCount && source.line(mark.line).unicodeScalars.count < mark.column) {
            return Remark(
                code: .yamlSyntax, message: "the file ends too early: \(problem)", hint: "is it complete? a bracket or quote may be open")
        }
        if let tab = tab(mark) { return Remark(code: .tabIndent, message: "a tab cannot indent YAML", hint: "use spaces", spot: tab) }
        if let address = bareAddress(mark) {
            return Remark(
                code: .yamlTrap, message: "YAML cannot read \(address.text) here", hint: "put it in quotes: \"\(address.text)\"",
                spot: address.spot)
        }
        return Remark(code: .yamlSyntax, message: "not valid YAML: \(problem)", hint: hint(for: problem))
    }

    private func hint(for problem: String) -> String? {
        if problem.contains("mapping values are not allowed") { return "check the indentation, and put text with \": \" in quotes" }
        if problem.contains("cannot start any token") { return "put the value in quotes" }
        if problem.contains("could not find expected ':'") { return "a key is missing its colon above" }
        if problem.contains("expected key") || problem.contains("expected '-'") { return "check the indentation and quotes" }
        return nil
    }

    private func tab(_ mark: Mark) -> Spot? {
        let line = source.line(mark.line).unicodeScalars
        guard let index = line.prefix(while: { $0 == " " || $0 == "\t" }).firstIndex(of: "\t") else { return nil }
        return Spot(line: mark.line, column: line.distance(from: line.startIndex, to: index) + 1, length: 1)
    }

    /// An address with colons about the mark: `::1` in a flow mapping, `[::]:80` anywhere.
    private func bareAddress(_ mark: Mark) -> (text: String, spot: Spot)? {
        let line = Array(source.line(mark.line).unicodeScalars)
        let middle = min(mark.column - 1, line.count - 1)
        guard middle >= 0, let start = startOfAddress(line, middle) else { return nil }
        let rest = line[start...].prefix(while: Self.isAddressScalar)
        var text = rest.map(String.init).joined()
        let length = text.count
        while text.hasPrefix("[["), text.count > 2 { text.removeFirst() }
        while Self.surplus(of: "[", over: "]", in: text) > 0, text.hasPrefix("[") { text.removeFirst() }
        let skipped = length - text.count
        while Self.surplus(of: "]", over: "[", in: text) > 0, text.hasSuffix("]") { text.removeLast() }
        guard text.count(where: { $0 == ":" }) >= 2, text.count <= 64 else { return nil }
        return (text, Spot(line: mark.line, column: start + skipped + 1, length: text.count))
    }

    /// Brackets of lists around an address are not part of it.
    private static func surplus(of one: Character, over other: Character, in text: String) -> Int {
        text.count { $0 == one } - text.count { $0 == other }
    }

    private func startOfAddress(_ line: [Unicode.Scalar], _ middle: Int) -> Int? {
        var start = Self.isAddressScalar(line[middle]) ? middle : middle - 1
        guard start >= 0, Self.isAddressScalar(line[start]) else { return nil }
        while start > 0, Self.isAddressScalar(line[start - 1]) { start -= 1 }
        return start
    }

    private static func isAddressScalar(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isASCIIHexDigit || ":.[]/".unicodeScalars.contains(scalar)
    }

    /// libyaml gives up at 1 000 levels and does not say where the 65th began; brackets are counted as they stand.
    private func depthSpot() -> Spot? {
        var depth = 0
        for (offset, byte) in source.bytes.enumerated() {
            if byte == 0x5B || byte == 0x7B { depth += 1 }
            if byte == 0x5D || byte == 0x7D { depth -= 1 }
            if depth > FarmLimits.depth { return source.spot(atOffset: offset) }
        }
        return nil
    }
}

extension Spot {
    fileprivate init(_ mark: Mark) { self.init(line: mark.line, column: mark.column, length: 1) }
}
