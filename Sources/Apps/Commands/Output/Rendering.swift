import ControlAPI

/// An answer that can be written in every format: its JSON is its contract, the rest is for people.
protocol Presentable: Encodable {
    /// Lines for a terminal, sorted; ends with a newline.
    func text(_ style: TextStyle) -> String
    /// One a line for `-o name`.
    var names: [String] { get }
}

struct TextStyle {
    var isWide = false
    var isColoured = false
}

enum Rendering {
    static func text(of answer: some Presentable, as format: OutputFormat, isColoured: Bool) throws -> String {
        switch format {
        case .table: answer.text(TextStyle(isColoured: isColoured))
        case .wide: answer.text(TextStyle(isWide: true, isColoured: isColoured))
        case .json: JSONText.of(try Tree(answer))
        case .yaml: YAMLText.of(try Tree(answer))
        case .name: answer.names.map { Printable.text($0) + "\n" }.joined()
        }
    }
}
