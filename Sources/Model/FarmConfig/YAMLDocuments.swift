import Yams

/// The documents of a file, one after the other, so that no more than one is held in memory as nodes.
struct YAMLDocuments {
    let source: SourceText
    let log: FaultLog

    /// Duplicate keys that are looked into before the file is given up.
    private static let mendLimit = 8

    func each(_ body: (SourceNode) -> Void) {
        guard var text = TextScreen(source: source, log: log).checkedText() else { return }
        var delivered = 0
        for _ in 0..<Self.mendLimit {
            do {
                return try parse(text, delivered: &delivered, body)
            } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
                // Yams stops here. The later twin is renamed, which moves nothing else, and the rest is read.
                guard let mended = DuplicateKeys(text: text, source: source, log: log).mend(keys, context.mark) else { return }
                text = mended
            } catch {
                return YAMLSyntax(source: source, log: log).report(error)
            }
        }
    }

    /// The basic resolver leaves plain scalars as they are: the decoder reads them by what the key wants.
    private func parse(_ text: String, delivered: inout Int, _ body: (SourceNode) -> Void) throws {
        let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
        var index = 0
        while !log.isFull, let document = try parser.nextRoot() {
            index += 1
            guard index > delivered else { continue }
            delivered = index
            guard let checked = DocumentScreen(log: log).checked(document), !checked.isNothing else { continue }
            body(checked)
        }
    }
}
