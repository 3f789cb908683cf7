import ControlAPI

extension TrafficView {
    /// `12 connections, 40 packets (3120 bytes) in, 38 packets (5000 bytes) out`
    var words: String {
        [
            connections.map { "\($0) connections" }, requests.map { "\($0.words) in" }, replies.map { "\($0.words) out" },
        ].compactMap { $0 }.joined(separator: ", ")
    }
}

extension PacketCountView {
    var words: String { "\(packets) packets (\(bytes) bytes)" }
}
