import ControlAPI
import NIOCore
import Testing

@testable import ControlClient

/// Text on its way over the wire.
@Suite struct WireTextTests {
    @Test(arguments: ["", "web1", "[fd00:1::13]:8080", "a/b?c=d&e%", "ä ☃ 🐇", "~-._", "\u{0}\u{1F}"])
    func encodedTextComesBackAndHoldsOnlyUnreservedCharacters(_ text: String) {
        let encoded = PercentEncoding.encode(text)
        #expect(PercentEncoding.decode(encoded) == text)
        let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%".utf8)
        #expect(encoded.utf8.allSatisfy(unreserved.contains))
    }

    @Test(arguments: ["%", "%4", "%zz", "%FF", "%C3%28", "%+1"])
    func whatIsNotEncodedWellIsNothing(_ text: String) { #expect(PercentEncoding.decode(text) == nil) }

    /// The same events, however the stream is cut.
    @Test(arguments: 1...60)
    func eventsDoNotDependOnHowTheStreamIsCut(_ size: Int) throws {
        let json = String(decoding: try ControlJSON.encode(EventView.said("naïve\n")), as: UTF8.self)
        let stream = Array(":\n\ndata: \(json)\n\n:\n\ndata:\(json)\n\n".utf8)
        var (lines, events) = (EventLines(), [EventView]())
        for start in Swift.stride(from: 0, to: stream.count, by: size) {
            events += try lines.events(after: ByteBuffer(bytes: stream[start..<min(start + size, stream.count)]))
        }
        #expect(events == [.said("naïve\n"), .said("naïve\n")])
    }
}
