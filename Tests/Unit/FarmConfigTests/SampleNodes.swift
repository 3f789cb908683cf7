import Yams

/// Ways to damage a sample at a chosen node.
func documents(of text: String) throws -> [Node] {
    let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
    var nodes: [Node] = []
    while let node = try parser.nextRoot() { nodes.append(node) }
    return nodes
}

func keys(of text: String) throws -> [Node.Scalar] {
    func keys(_ node: Node) -> [Node.Scalar] {
        switch node {
        case .mapping(let pairs): pairs.flatMap { [$0.key.scalar].compactMap { $0 } + keys($0.value) }
        case .sequence(let entries): entries.flatMap(keys)
        default: []
        }
    }
    return try documents(of: text).flatMap(keys)
}

/// The text with the scalar's word replaced at its mark; quotes stay.
func replacing(_ scalar: Node.Scalar, with word: String, in text: String) -> String {
    guard let mark = scalar.mark else { return text }
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    let line = lines[mark.line - 1]
    let start = line.unicodeScalars.index(line.startIndex, offsetBy: mark.column - 1)
    guard let range = line[start...].firstRange(of: scalar.string) else { return text }
    lines[mark.line - 1].replaceSubrange(range, with: word)
    return lines.joined(separator: "\n")
}

/// Index paths of all values, the document itself included.
func paths(in node: Node) -> [[Int]] {
    let children: [Node] =
        switch node {
        case .mapping(let pairs): pairs.map(\.value)
        case .sequence(let entries): Array(entries)
        default: []
        }
    return [[]] + children.enumerated().flatMap { index, child in paths(in: child).map { [index] + $0 } }
}

/// The node in flow style, with the value at the path replaced.
func flow(_ node: Node, replacing path: ArraySlice<Int>?, with wrong: String) -> String {
    if let path, path.isEmpty { return wrong }
    func inner(_ index: Int) -> ArraySlice<Int>? { path?.first == index ? path?.dropFirst() : nil }
    switch node {
    case .scalar(let scalar):
        return scalar.style == .plain ? scalar.string : "\"\(scalar.string)\""
    case .mapping(let pairs):
        return "{ "
            + pairs.enumerated().map { "\($1.key.string ?? ""): " + flow($1.value, replacing: inner($0), with: wrong) }.joined(
                separator: ", ") + " }"
    case .sequence(let entries):
        return "[" + entries.enumerated().map { flow($1, replacing: inner($0), with: wrong) }.joined(separator: ", ") + "]"
    case .alias: return ""
    }
}
