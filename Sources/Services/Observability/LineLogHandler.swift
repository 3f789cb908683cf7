import Glibc
import Logging

/// Writes one line a message to standard error: `time level message key=value …`, or JSON.
public struct LineLogHandler: LogHandler {
    public enum Format: String, Sendable, CaseIterable { case text, json }

    public var logLevel: Logger.Level
    public var metadata: Logger.Metadata = [:]
    private let format: Format

    public init(level: Logger.Level, format: Format) {
        (logLevel, self.format) = (level, format)
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let all = event.metadata.map { metadata.isEmpty ? $0 : metadata.merging($0) { $1 } } ?? metadata
        let values = all.map { ($0.key, "\($0.value)") }.sorted { $0.0 < $1.0 }
        let line =
            switch format {
            case .text: Self.textLine(event.level, "\(event.message)", values)
            case .json: Self.jsonLine(event.level, "\(event.message)", values)
            }
        LogOutput.standardError.write(line)
    }

    static func textLine(_ level: Logger.Level, _ message: String, _ values: [(String, String)]) -> String {
        var line = "\(time()) \(level.rawValue) \(message)"
        for (key, value) in values {
            line += " "
            line += key
            line += "="
            line += isPlain(value) ? value : quoted(value)
        }
        return line + "\n"
    }

    /// Whether it ends where the next space is, and nothing in it needs an escape.
    private static func isPlain(_ value: String) -> Bool {
        !value.isEmpty
            && value.unicodeScalars.allSatisfy {
                $0 != "\"" && $0 != "=" && ($0.isASCII ? $0 > " " && $0.value != 0x7F : !isControl($0) && !$0.properties.isWhitespace)
            }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.isASCII ? scalar.value < 0x20 || scalar.value == 0x7F : scalar.properties.generalCategory == .control
    }

    static func jsonLine(_ level: Logger.Level, _ message: String, _ values: [(String, String)]) -> String {
        let pairs = [("time", time()), ("level", level.rawValue), ("message", message)] + values
        return "{" + pairs.map { "\(quoted($0)):\(quoted($1))" }.joined(separator: ",") + "}\n"
    }

    /// A JSON string.
    private static func quoted(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
            return "\"\(text)\""
        }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where isControl(scalar):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func time() -> String {
        var (now, parts) = (timespec(), tm())
        clock_gettime(CLOCK_REALTIME, &now)
        gmtime_r(&now.tv_sec, &parts)
        var buffer = [CChar](repeating: 0, count: 32)
        let length = strftime(&buffer, buffer.count, "%Y-%m-%dT%H:%M:%S", &parts)
        let milliseconds = String(1000 + now.tv_nsec / 1_000_000).dropFirst()
        return String(decoding: buffer[..<length].map(UInt8.init(bitPattern:)), as: UTF8.self) + ".\(milliseconds)Z"
    }
}
