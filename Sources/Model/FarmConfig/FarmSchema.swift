/// What farm files may say: the one table that the decoder, `lbctl explain` and the JSON Schema are made of.
public enum FarmSchema {
    /// Every key, each before the keys inside it, in the order of the documentation.
    public static let keys: [FarmKey] = flattened(farm)

    /// The text for a key such as `farm.health.fall`; nil if there is no such key.
    public static func explain(_ path: String) -> String? {
        keys.first { $0.path == path }?.explanation
    }

    /// The path in the table that is nearest to a mistyped one.
    public static func nearest(to path: String) -> String? {
        NearestWord.to(path, among: keys.map(\.path))
    }

    static func flattened(_ key: FarmKey) -> [FarmKey] { [key] + key.keys.flatMap(flattened) }
}

extension FarmKey {
    fileprivate var explanation: String {
        var lines = [path, "  \(meaning)"]
        guard isSupported else { return (lines + ["  Not supported yet."]).joined(separator: "\n") }
        if !type.summary.isEmpty { lines.append("  value:   \(type.summary)") }
        if isRequired { lines.append("  required") }
        if let defaultText { lines.append("  default: \(defaultText)") }
        lines += keys.filter(\.isSupported).map { "  .\($0.name): \($0.type.summary.isEmpty ? "a mapping" : $0.type.summary)" }
        let later = keys.filter { !$0.isSupported }.map(\.name)
        if !later.isEmpty { lines.append("  not supported yet: \(later.joined(separator: ", "))") }
        return lines.joined(separator: "\n")
    }
}

extension ValueType {
    /// What may be written, in a few words; empty for a mapping.
    var summary: String {
        switch self {
        case .text(let form): form.rule
        case .choice(let choices): choices.filter(\.isSupported).map(\.word).alternatives
        case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .percent(let range): "per cent, a whole number from \(range.lowerBound) to \(range.upperBound), as 50 or 50%"
        case .duration: "a duration such as 500ms, 2s or 10m, from 1ms to 24h"
        case .seconds: "a duration in whole seconds such as 30s, 10m or 1h, from 1s to 24h"
        case .rate: RateText.rule
        case .switchOrRate: "on, off, or " + RateText.rule
        case .boolean: "true or false"
        case .mark: "a number from 1 to 4294967295, or as 0x100"
        case .network: "an address or a prefix such as 198.51.100.0/24"
        case .address: "an IPv4 or IPv6 address"
        case .port: "a port, 1 to 65535"
        case .portOrRange: "a port or a range such as 30000-30100"
        case .ports: "a port, a range such as 30000-30100, or a list of those"
        case .size(let sizes): "auto, " + sizes.map(String.init).alternatives
        case .statusCodes: "a status code, a range such as 200-399, or a list of those"
        case .list(let element, _): "a list" + (element.summary.isEmpty ? "" : ", each entry \(element.summary)")
        case .oneOrList(let element, let count): "\(element.summary), or a list of at most \(count)"
        case .requirement(let most): "all, any or a number from 1 to \(most)"
        case .section: ""
        case .shortOrSection(let form): "\"\(form.example)\" or a mapping"
        case .notYet: "not supported yet"
        }
    }
}
