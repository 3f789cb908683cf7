/// Turns away what the YAML parser should never see: size, encoding, control characters and swarms of aliases.
struct TextScreen {
    let source: SourceText
    let log: FaultLog

    /// So few aliases cannot make a tree that takes long to walk; a decoded document may have none at all.
    private static let aliasLimit = 32

    /// The text, or nil with a fault in the log.
    func checkedText() -> String? {
        guard !source.isTooLarge else {
            log.report(.fileTooLarge, "the file has more than 16 MiB", at: Spot(line: 1, column: 1, length: 1), hint: "split it")
            return nil
        }
        guard let text = String(validating: source.bytes, as: UTF8.self) else {
            reportEncoding()
            return nil
        }
        // Written to nothing by accident it would take its farms away without a word.
        if text.unicodeScalars.allSatisfy({ $0.properties.isWhitespace || $0 == "\u{FEFF}" }) {
            log.report(
                .missingKey, "the file is empty", at: Spot(line: 1, column: 1, length: 1),
                hint: "delete it to remove its farms; a comment says that it is meant to hold none")
            return nil
        }
        if let offset = source.bytes.withUnsafeBufferPointer(Self.firstForbidden) {
            reportForbidden(at: offset)
            return nil
        }
        if let offset = source.bytes.withUnsafeBufferPointer(Self.firstExcessAlias) {
            log.report(
                .aliasOrTag, "more than \(Self.aliasLimit) aliases", at: source.spot(atOffset: offset),
                hint: "write the values out: aliases are not supported")
            return nil
        }
        if let offset = source.bytes.withUnsafeBufferPointer(Self.firstExcessValue) {
            log.report(
                .tooMany, "more than \(FarmLimits.valuesPerDocument) values in one document", at: source.spot(atOffset: offset),
                hint: "separate farms with ---")
            return nil
        }
        return text
    }

    private func reportEncoding() {
        let isUTF16 = source.bytes.starts(with: [0xFF, 0xFE]) || source.bytes.starts(with: [0xFE, 0xFF])
        log.report(
            .badEncoding, isUTF16 ? "the file is UTF-16" : "the file is not UTF-8 from here on",
            at: source.spot(atOffset: isUTF16 ? 0 : firstInvalid()), hint: "save it as UTF-8")
    }

    private func reportForbidden(at offset: Int) {
        let rest = source.bytes.dropFirst(offset).prefix(4)
        let scalar = String(decoding: rest, as: UTF8.self).unicodeScalars.first?.value ?? 0
        let digits = String(scalar, radix: 16, uppercase: true)
        let code = String(repeating: "0", count: max(0, 4 - digits.count)) + digits
        log.report(
            .badEncoding, "the character U+\(code) is not allowed", at: source.spot(atOffset: offset),
            hint: "remove it; in double quotes it can be written as an escape")
    }

    private func firstInvalid() -> Int {
        var parser = Unicode.UTF8.ForwardParser()
        var bytes = source.bytes.makeIterator()
        var offset = 0
        while case .valid(let scalar) = parser.parseScalar(from: &bytes) { offset += scalar.count }
        return offset
    }

    /// Control characters, line breaks that only YAML 1.1 knows, and byte order marks inside the text.
    private static func firstForbidden(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        for (index, byte) in bytes.enumerated() {
            if byte >= 0x20, byte < 0x7F { continue }
            if byte < 0x20 ? byte != 0x09 && byte != 0x0A && byte != 0x0D : byte == 0x7F { return index }
            let second = index + 1 < bytes.count ? bytes[index + 1] : 0
            let third = index + 2 < bytes.count ? bytes[index + 2] : 0
            switch (byte, second, third) {
            case (0xC2, 0x80...0x9F, _), (0xE2, 0x80, 0xA8...0xA9), (0xEF, 0xBB, 0xBF), (0xEF, 0xBF, 0xBE...0xBF): return index
            default: continue
            }
        }
        return nil
    }

    /// Counts everything that could be an alias, in quotes and comments too: better too many than a missed one.
    private static func firstExcessAlias(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var count = 0
        var last: UInt8 = 0x0A
        for (index, byte) in bytes.enumerated() {
            if byte == 0x2A, !isWordByte(last), index + 1 < bytes.count, isWordByte(bytes[index + 1]) {
                count += 1
                if count > aliasLimit { return index }
            }
            last = byte
        }
        return nil
    }

    /// Counts what separates values, so that a file of nothing but commas does not become millions of nodes.
    private static func firstExcessValue(_ bytes: UnsafeBufferPointer<UInt8>) -> Int? {
        var count = 0
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case 0x0A:
                let isMarker = index + 3 < bytes.count && bytes[index + 1] == 0x2D && bytes[index + 2] == 0x2D && bytes[index + 3] == 0x2D
                count = isMarker ? 0 : count + 1
            case 0x2C, 0x3A, 0x5B, 0x7B: count += 1
            case 0x2D, 0x3F: if index + 1 < bytes.count, bytes[index + 1] == 0x20 { count += 1 }
            default: continue
            }
            if count > FarmLimits.valuesPerDocument { return index }
        }
        return nil
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x5F, 0x80...0xFF: true
        default: false
        }
    }
}
