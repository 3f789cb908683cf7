/// What is told of transitions, and how. What does not fit into the queue is dropped and counted.
public struct HookSettings: Sendable, Equatable {
    public var exec: Exec?
    public var post: Post?
    /// Events that may wait, for each of the two.
    public var queue = 1_000

    public init() {}

    public var isEmpty: Bool { exec == nil && post == nil }

    /// A program that is run for each event.
    public struct Exec: Sendable, Equatable {
        /// The program's absolute path and its arguments; no shell reads them.
        public var command: [String]
        /// As whom it runs; nil: as the daemon.
        public var user: User?
        /// After which it is killed with its whole process group.
        public var timeout: Duration = .seconds(10)
        /// Programs at a time.
        public var parallel = 4

        public init(command: [String]) { self.command = command }
    }

    public struct User: Sendable, Equatable {
        public var uid, gid: UInt32
        public init(uid: UInt32, gid: UInt32) { (self.uid, self.gid) = (uid, gid) }
    }

    /// An HTTP request for each event, one after the other.
    public struct Post: Sendable, Equatable {
        public var host: String
        public var port: UInt16
        /// Begins with "/".
        public var path: String
        /// Of one attempt: for the connection, and for each wait afterwards.
        public var timeout: Duration = .seconds(5)
        /// With pauses of 1, 2, 4 … s between them.
        public var attempts = 4

        /// `http://host[:port][/path]`; nil for anything else.
        public init?(url: String) {
            guard url.hasPrefix("http://") else { return nil }
            let rest = url.dropFirst("http://".count)
            let place = rest.prefix { $0 != "/" }
            path = place.count == rest.count ? "/" : String(rest.dropFirst(place.count))
            guard path.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let (host, port) = Self.parts(of: place) else { return nil }
            (self.host, self.port) = (host, port)
        }

        private static func parts(of place: Substring) -> (String, UInt16)? {
            var (host, portText) = (place, Substring("80"))
            if place.hasPrefix("["), let end = place.firstIndex(of: "]") {
                host = place[place.index(after: place.startIndex)..<end]
                let rest = place[place.index(after: end)...]
                guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
                if !rest.isEmpty { portText = rest.dropFirst() }
            } else if let colon = place.lastIndex(of: ":") {
                (host, portText) = (place[..<colon], place[place.index(after: colon)...])
            }
            let isHost = host.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != 0x40 } && !host.isEmpty
            guard isHost, let port = UInt16(portText), port > 0 else { return nil }
            return (String(host), port)
        }
    }
}
