/// The lines of a list that say something: without comments and blanks around them.
struct ListLines {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var index = 0
    private var number = 0

    init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    struct Line {
        let range: Range<Int>
        let number: Int
        let column: Int

        func spot(in bytes: UnsafeBufferPointer<UInt8>) -> Spot {
            Spot(line: number, column: column, length: String(decoding: bytes[range], as: UTF8.self).unicodeScalars.count)
        }
    }

    mutating func next() -> Line? {
        while index < bytes.count {
            let (start, end) = (index, skipLine())
            number += 1
            var (first, last) = (start, end)
            while first < last, isBlank(bytes[first]) { first += 1 }
            while last > first, isBlank(bytes[last - 1]) { last -= 1 }
            guard first < last else { continue }
            return Line(range: first..<last, number: number, column: first - start + 1)
        }
        return nil
    }

    /// Moves behind the line's end (LF, CR or CRLF); gives the end of what is no comment.
    private mutating func skipLine() -> Int {
        var content: Int?
        while index < bytes.count {
            let byte = bytes[index]
            if byte == 0x23, content == nil { content = index }
            if byte == 0x0A || byte == 0x0D { break }
            index += 1
        }
        let end = content ?? index
        if index < bytes.count {
            let isPair = bytes[index] == 0x0D && index + 1 < bytes.count && bytes[index + 1] == 0x0A
            index += isPair ? 2 : 1
        }
        return end
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
