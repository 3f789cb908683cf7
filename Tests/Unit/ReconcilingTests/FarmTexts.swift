import FarmConfig
import Reconciling
import Synchronization

/// A directory of farm files that is a few strings.
final class FarmTexts: Sendable {
    private let files: Mutex<[String]>
    private let reads = Mutex(0)

    init(_ texts: [String]) { files = Mutex(texts) }

    func replace(_ texts: String...) { replace(texts) }
    func replace(_ texts: [String]) {
        files.withLock { $0 = texts }
        reads.withLock { $0 = 0 }
    }

    /// Whether somebody has read what was written last.
    var isRead: Bool { reads.withLock { $0 > 0 } }

    /// All that is written now.
    var whole: String { files.withLock { $0.joined() } }

    func read() -> FarmLoader.FarmReading {
        let texts = files.withLock { $0 }
        reads.withLock { $0 += 1 }
        return .init(files: texts.enumerated().map { FarmFile(path: "\($0).yaml", text: Array($1.utf8)) }, faults: [])
    }

    /// b1 … at 10.0.0.1:8080 …
    static func farm(
        _ name: String = "web", at listener: String = "203.0.113.10:80", backends: Int = 3, mode: String = "dnat", also lines: String = ""
    ) -> String {
        let port = mode == "dsr" ? "" : ", port: 8080"
        let servers = (1...backends).map { "  - { name: b\($0), address: 10.0.0.\($0)\(port) }\n" }.joined()
        return "farm: \(name)\nlisten: [\"\(listener)\"]\nmode: \(mode)\nbackends:\n\(servers)\(lines)\n"
    }

    /// For farms of which more than half go down one by one.
    static let noPanic = "health: { panicThreshold: 0 }"

    /// Farms f0 … at 203.0.113.100 …
    static func farms(_ count: Int) -> [String] {
        (0..<count).map { farm("f\($0)", at: "203.0.113.\(100 + $0):80") }
    }
}
