/// Colours say again what the words say; without them nothing is lost.
enum Tint: String {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case bold = "1"

    func applied(to text: String, if isColoured: Bool) -> String {
        isColoured ? "\u{1B}[\(rawValue)m\(text)\u{1B}[0m" : text
    }

    /// Of a farm's state, an admin state or a verdict.
    static func of(state: String) -> Tint? {
        switch state {
        case "up", "ready": .green
        case "down": .red
        case "degraded", "unknown", "drain", "maintenance": .yellow
        default: nil
        }
    }
}
