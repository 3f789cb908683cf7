import Yams

/// Finds the second of two equal keys. Yams tells only the first, so the text is read again with the candidates renamed.
struct DuplicateKeys {
    let text: String
    let source: SourceText
    let log: FaultLog

    /// Reading a large text a dozen times is not worth a second place.
    private static let searchLimit = (bytes: 128 << 10, candidates: 4096)

    /// Reports the key and gives the text with its second occurrence renamed; nil if that was not found.
    func mend(_ keys: [String], _ mark: Mark) -> String? {
        let key = keys.first ?? ""
        let first = Spot(line: mark.line, column: mark.column, length: key.unicodeScalars.count)
        guard let second = secondOccurrence(of: key, first: mark) else {
            report(key, at: first, related: [])
            return nil
        }
        let line = text.utf8.prefix(second).reduce(into: 1) { count, byte in if byte == 0x0A { count += 1 } }
        let found = source.spot(atOffset: offsetInSource(line: line, second))
        let isQuoted = isQuote(beforeOffset: second)
        let spot = Spot(
            line: Int(found.line), column: Int(found.column) - (isQuoted ? 1 : 0), length: isQuoted ? 0 : key.unicodeScalars.count)
        report(key, at: spot, related: [first])
        log.skipKey(at: spot)
        return renamed([second], key)
    }

    private func report(_ key: String, at spot: Spot, related: [Spot]) {
        log.report(
            .duplicateKey, "the key \(key.quoted) is given twice", at: spot, hint: "leave one out",
            related: related.compactMap { log.related($0, "the first one") })
    }

    private func isQuote(beforeOffset offset: Int) -> Bool {
        let byte = text.utf8.prefix(offset).last
        return byte == 0x22 || byte == 0x27
    }

    /// Earlier renaming has changed byte offsets in a line, but neither lines nor columns.
    private func offsetInSource(line: Int, _ offset: Int) -> Int {
        let lead = text.utf8.prefix(offset)
        let start = lead.lastIndex(of: 0x0A).map { text.utf8.index(after: $0) } ?? text.startIndex
        let column = text.unicodeScalars.distance(from: start, to: text.utf8.index(text.startIndex, offsetBy: offset)) + 1
        return source.offset(line: line, column: column)
    }

    /// The UTF-8 offset of the first candidate that makes a duplicate of the first occurrence.
    private func secondOccurrence(of key: String, first: Mark) -> Int? {
        guard text.utf8.count <= Self.searchLimit.bytes, !key.isEmpty else { return nil }
        let candidates = candidates(for: key, after: first)
        guard !candidates.isEmpty, candidates.count <= Self.searchLimit.candidates else { return nil }
        let index = Array(candidates.indices).partitionedIndex { last in
            isDuplicate(renamed(Array(candidates[(last + 1)...]), key), key, first)
        }
        return index < candidates.count ? candidates[index] : nil
    }

    /// Offsets at which the key stands as a word with a colon behind it.
    private func candidates(for key: String, after first: Mark) -> [Int] {
        let bytes = Array(text.utf8)
        let word = Array(key.utf8)
        let start = bytes.offset(line: first.line, column: first.column) + 1
        guard start + word.count <= bytes.count else { return [] }
        return (start...(bytes.count - word.count)).filter { offset in
            bytes[offset] == word[0] && bytes[offset..<offset + word.count].elementsEqual(word)
                && isFollowedByColon(bytes[(offset + word.count)...])
        }
    }

    private func isFollowedByColon(_ rest: ArraySlice<UInt8>) -> Bool {
        rest.first { ![0x20, 0x09, 0x22, 0x27].contains($0) } == 0x3A
    }

    private func isDuplicate(_ text: String, _ key: String, _ first: Mark) -> Bool {
        do {
            let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
            while try parser.nextRoot() != nil {}
            return false
        } catch YamlError.duplicatedKeysInMapping(let keys, let context) {
            return keys.first == key && context.mark.line == first.line && context.mark.column == first.column
        } catch {
            return false
        }
    }

    /// Each occurrence becomes a word of its own with as many scalars, from the private use area.
    private func renamed(_ offsets: [Int], _ key: String) -> String {
        var bytes: [UInt8] = []
        var position = 0
        let old = Array(text.utf8)
        for offset in offsets where offset >= position {
            bytes += old[position..<offset]
            let filler = Unicode.Scalar(UInt32(0xE000 + (offset % 6000))) ?? "\u{E000}"
            for _ in key.unicodeScalars { bytes += Array(String(filler).utf8) }
            position = offset + key.utf8.count
        }
        bytes += old[position...]
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension [UInt8] {
    /// The offset of a mark; columns count scalars, that is bytes that do not continue one.
    fileprivate func offset(line: Int, column: Int) -> Int {
        var (line, column, offset) = (line, column, 0)
        while line > 1, offset < count {
            if self[offset] == 0x0A { line -= 1 }
            offset += 1
        }
        while column > 1, offset < count {
            offset += 1
            if offset < count, self[offset] & 0xC0 != 0x80 { column -= 1 }
        }
        return offset
    }
}
