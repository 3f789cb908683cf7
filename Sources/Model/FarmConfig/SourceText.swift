/// A file's text by lines and columns, as libyaml counts them: columns in Unicode scalars, a line ends at LF, CR or CRLF.
final class SourceText {
    let path: String
    let bytes: ArraySlice<UInt8>
    /// Offsets in `bytes`; built at the first fault, since a good file needs none.
    private lazy var lineStarts: [Int] = SourceText.lineStarts(of: bytes)

    /// Leaves a byte order mark out, so that columns are those of an editor.
    init(_ file: FarmFile) {
        path = file.path
        bytes = file.text.starts(with: [0xEF, 0xBB, 0xBF]) ? file.text.dropFirst(3) : file.text[...]
    }

    var lineCount: Int { lineStarts.count }

    /// The text of a line, counted from 1, without its end.
    func line(_ number: Int) -> String {
        guard number >= 1, number <= lineStarts.count else { return "" }
        let end = number < lineStarts.count ? lineStarts[number] : bytes.endIndex
        let content = bytes[lineStarts[number - 1]..<end]
        return String(decoding: content.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
    }

    /// The spot of a byte, which may be the end of the text.
    func spot(atOffset offset: Int) -> Spot {
        let target = bytes.startIndex + offset
        let line = max(1, lineStarts.partitionedIndex { $0 > target })
        let lead = bytes[lineStarts[line - 1]..<min(target, bytes.endIndex)]
        return Spot(line: line, column: String(decoding: lead, as: UTF8.self).unicodeScalars.count + 1, length: 1)
    }

    /// The offset of a line and column, or of the end of the line if that is nearer.
    func offset(line: Int, column: Int) -> Int {
        guard line >= 1, line <= lineStarts.count else { return bytes.count }
        let lead = String(self.line(line).unicodeScalars.prefix(max(0, column - 1)))
        return lineStarts[line - 1] - bytes.startIndex + lead.utf8.count
    }

    /// A place that exists: libyaml reports what is missing at the end of a file one line below its last.
    func place(_ spot: Spot) -> SourcePlace {
        let lastLine = line(lineCount).isEmpty && lineCount > 1 ? lineCount - 1 : lineCount
        guard Int(spot.line) <= lastLine else {
            return SourcePlace(file: path, line: lastLine, column: line(lastLine).unicodeScalars.count + 1)
        }
        let rest = line(Int(spot.line)).unicodeScalars.dropFirst(Int(spot.column) - 1)
        let column = min(Int(spot.column), line(Int(spot.line)).unicodeScalars.count + 1)
        return SourcePlace(file: path, line: Int(spot.line), column: column, length: Self.length(spot.length, in: rest))
    }

    /// Unknown lengths (0) are those of quoted scalars, whose source is longer than their value.
    private static func length(_ known: Int32, in rest: Substring.UnicodeScalarView) -> Int {
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

/// Where a token stands in the file at hand; small, because every listener of every farm keeps its own until the end.
struct Spot: Hashable, Comparable {
    let line: Int32
    let column: Int32
    /// In Unicode scalars; 0 for a quoted scalar, whose end is looked up when it is needed.
    let length: Int32

    init(line: Int, column: Int, length: Int) {
        self.line = Int32(clamping: max(1, line))
        self.column = Int32(clamping: max(1, column))
        self.length = Int32(clamping: length)
    }

    static func < (left: Spot, right: Spot) -> Bool { (left.line, left.column) < (right.line, right.column) }
}

extension Array {
    /// The first index whose element fulfils the condition, or the count; the array has to be partitioned by it.
    func partitionedIndex(where condition: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
