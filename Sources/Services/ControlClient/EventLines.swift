import ControlAPI
import NIOCore

/// Puts server-sent events together from pieces of the stream. Only `data:` lines carry something here; comments keep the line warm.
struct EventLines {
    private var rest: [UInt8] = []

    mutating func events(after piece: ByteBuffer) throws -> [EventView] {
        rest.append(contentsOf: piece.readableBytesView)
        guard let end = rest.lastIndex(of: UInt8(ascii: "\n")) else { return [] }
        let lines = rest[..<end].split(separator: UInt8(ascii: "\n"))
        let prefix = Array("data:".utf8)
        defer { rest.removeSubrange(...end) }
        return try lines.filter { $0.starts(with: prefix) }.map { try ControlJSON.decode(EventView.self, from: $0.dropFirst(prefix.count)) }
    }
}
