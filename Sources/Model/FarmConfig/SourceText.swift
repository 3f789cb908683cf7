/// A file's text by lines and columns, as libyaml counts them: columns in Unicode scalars, a line ends at LF, CR or CRLF.
final class SourceText {
    let path: String
    /// Only the beginning of a file that is too large: nothing after it is looked at.
    let bytes: ArraySlice<UInt8>
    let isTooLarge: Bool
    /// Offsets in `bytes`; built at the first fault, since a good file needs none.
    private lazy var lineStarts: [Int] = SourceText.lineStarts(of: bytes)

    /// Leaves a byte order mark out, so that columns are those of an editor.
    init(_ file: FarmFile) {
        path = file.path
        isTooLarge = file.text.count > FarmLimits.fileSize
        let text = isTooLarge ? file.text.prefix(Self.window) : file.text[...]
        bytes = text.starts(with: [0xEF, 0xBB, 0xBF]) ? text.dropFirst(3) : text
    }

    var lineCount: Int { lineStarts.count }

    /// The text of a line, counted from 1, without its end.
    func line(_ number: Int) -> String { String(decoding: bytes[range(ofLine: number)], as: UTF8.self) }

    /// The spot of a byte, which may be the end of the text.
    func spot(atOffset offset: Int) -> Spot {
        let target = min(bytes.startIndex + offset, bytes.endIndex)
        let line = max(1, lineStarts.partitionedIndex { $0 > target })
        let lead = bytes[lineStarts[line - 1]..<target]
        return Spot(line: line, column: String(decoding: lead, as: UTF8.self).unicodeScalars.count + 1, length: 1)
    }

    /// The offset of a line and column, or of the end of the line if that is nearer.
    func offset(line: Int, column: Int) -> Int { advance(toLine: line, column: column).index - bytes.startIndex }

    /// A place that exists: libyaml reports what is missing at the end of a file one line below its last.
    func place(_ spot: Spot) -> SourcePlace {
        let lastLine = range(ofLine: lineCount).isEmpty && lineCount > 1 ? lineCount - 1 : lineCount
        let isBeyond = Int(spot.line) > lastLine
        let found = advance(toLine: min(Int(spot.line), lastLine), column: isBeyond ? Int.max : Int(spot.column))
        let rest = bytes[found.index..<min(range(ofLine: found.line).upperBound, found.index + Self.window)]
        let length = isBeyond ? 1 : Self.length(spot.length, in: String(decoding: rest, as: UTF8.self).unicodeScalars)
        return SourcePlace(file: path, line: found.line, column: found.column, length: length)
    }

    /// The line of a place, or its part about the place if it is long, and the column of the place in it.
    func excerpt(at place: SourcePlace) -> (text: String, column: Int) {
        let line = range(ofLine: place.line)
        let index = advance(toLine: place.line, column: place.column).index
        var start = max(line.lowerBound, index - Self.window)
        while start > line.lowerBound, Self.isContinuation(bytes[start]) { start -= 1 }
        var end = min(line.upperBound, index + Self.window)
        while end < line.upperBound, Self.isContinuation(bytes[end]) { end += 1 }
        let lead = String(decoding: bytes[start..<index], as: UTF8.self).unicodeScalars.count
        return (String(decoding: bytes[start..<end], as: UTF8.self), lead + 1)
    }

    /// Bytes kept of a long line on each side of a place.
    private static let window = 1024
    /// Where the last search ended: faults come in order, and a line may be as long as the file.
    private var cursor = Cursor(line: 1, column: 1, index: 0)

    private struct Cursor {
        var line, column, index: Int
    }

    private func range(ofLine number: Int) -> Range<Int> {
        guard number >= 1, number <= lineStarts.count else { return bytes.endIndex..<bytes.endIndex }
        let start = lineStarts[number - 1]
        var end = number < lineStarts.count ? lineStarts[number] : bytes.endIndex
        while end > start, bytes[end - 1] == 0x0A || bytes[end - 1] == 0x0D { end -= 1 }
        return start..<end
    }

    private func advance(toLine line: Int, column: Int) -> Cursor {
        let range = range(ofLine: line)
        let canContinue = cursor.line == line && cursor.column <= column && range.contains(cursor.index)
        var place = canContinue ? cursor : Cursor(line: line, column: 1, index: range.lowerBound)
        while place.column < column, place.index < range.upperBound {
            place.index += 1
            while place.index < range.upperBound, Self.isContinuation(bytes[place.index]) { place.index += 1 }
            place.column += 1
        }
        cursor = place
        return place
    }

    private static func isContinuation(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }

    /// Unknown lengths (0) are those of quoted scalars, whose source is longer than their value.
    private static func length(_ known: Int32, in rest: String.UnicodeScalarView) -> Int {
        guard known == 0 else { return max(1, min(Int(known), rest.count)) }
        guard let quote = rest.first, quote == "\"" || quote == "'" else { return 1 }
        var isEscaped = false
        for (index, scalar) in rest.enumerated().dropFirst() {
            if scalar == quote, !isEscaped { return index + 1 }
            isEscaped = quote == "\"" && scalar == "\\" && !isEscaped
        }
        return max(1, rest.count)
    }

    private static func lineStarts(of bytes: ArraySlice<UInt8>) -> [Int] {
        var starts = [bytes.startIndex]
        var last: UInt8 = 0
        for (index, byte) in zip(bytes.indices, bytes) {
            if last == 0x0A || (last == 0x0D && byte != 0x0A) { starts.append(index) }
            last = byte
        }
        if last == 0x0A || last == 0x0D { starts.append(bytes.endIndex) }
        return starts
    }
}
