/// A question of class IN as it stands in a message (RFC 1035 § 4.1.2).
struct DNSQuestion {
    let id: UInt16
    let type: UInt16
    /// The name in labels, with the empty one at its end.
    let name: [UInt8]

    /// - Parameter name: at most 253 characters of labels of 1–63 characters, or ".".
    init(id: UInt16, name: String, type: UInt16) {
        (self.id, self.type) = (id, type)
        self.name = name.utf8.split(separator: UInt8(ascii: ".")).flatMap { [UInt8($0.count)] + Array($0) } + [0]
    }

    var message: [UInt8] {
        // Recursion is asked for, one question, nothing else.
        [UInt8(id >> 8), UInt8(id & 0xFF), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + name + [UInt8(type >> 8), UInt8(type & 0xFF), 0, 1]
    }
}
