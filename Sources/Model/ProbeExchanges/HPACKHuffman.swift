/// The Huffman code of RFC 7541, appendix B. It is canonical: the lengths, by symbol, say it all.
enum HPACKHuffman {
    private static let endOfText = 256
    private static let longest = 30

    /// Nil for a code that is none, or that ends in the middle of a symbol.
    static func decode(_ octets: some Sequence<UInt8>) -> [UInt8]? {
        var (text, code, length) = ([UInt8](), 0, 0)
        var isPadding = true
        for octet in octets {
            for bit in (0..<8).reversed() {
                let value = Int(octet >> bit) & 1
                code = code << 1 | value
                length += 1
                isPadding = isPadding && value == 1
                guard length <= longest else { return nil }
                guard let symbol = table.symbol(code, length) else { continue }
                guard symbol != endOfText else { return nil }
                text.append(UInt8(symbol))
                (code, length, isPadding) = (0, 0, true)
            }
        }
        // The rest is the beginning of the end of text: ones, less than an octet (§ 5.2).
        return length < 8 && isPadding ? text : nil
    }

    /// For each length: the first code, and the symbols in the order of their codes.
    private struct Table {
        var first = [Int](repeating: 0, count: longest + 1)
        var symbols = [[Int]](repeating: [], count: longest + 1)

        init() {
            var code = 0
            for length in 1...longest {
                code <<= 1
                first[length] = code
                symbols[length] = lengths.indices.filter { lengths[$0] == length }
                code += symbols[length].count
            }
        }

        func symbol(_ code: Int, _ length: Int) -> Int? {
            let offset = code - first[length]
            return symbols[length].indices.contains(offset) ? symbols[length][offset] : nil
        }
    }

    private static let table = Table()

    private static let lengths: [Int] = [
        13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
        6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
        13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
        15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
        20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
        22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
        26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
        20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
        30,
    ]
}
