import ControlAPI

extension TrafficView {
    /// `12 connections, 40 packets (3120 bytes) in, 38 packets (5000 bytes) out`
    var words: String {
        [
            connections.map { counted($0, "connection") }, requests.map { "\($0.words) in" }, replies.map { "\($0.words) out" },
        ].compactMap { $0 }.joined(separator: ", ")
    }
}

extension PacketCountView {
    var words: String { "\(counted(packets, "packet")) (\(counted(bytes, "byte")))" }
}
