extension Balancer {
    /// The ruleset of the kernel as nft lists it, without the owner and with the elements of a set in order: the kernel promises none.
    func kernelRules() throws -> String {
        var lines: [String] = []
        var elements: [String]?
        for line in try lab.at("balancer", ["nft", "-s", "list", "ruleset"]).split(separator: "\n") {
            let text = String(line).trimmed
            if text.hasPrefix("elements = {") { elements = [] }
            guard let known = elements else {
                if !text.hasPrefix("flags") { lines.append(text.withoutOwner) }
                continue
            }
            let found = text.split { ",{}".contains($0) }.map { String($0).trimmed }.filter { !$0.isEmpty && $0 != "elements =" }
            elements = known + found
            if text.hasSuffix("}") {
                lines += (known + found).sorted()
                elements = nil
            }
        }
        return lines.joined(separator: "\n")
    }
}

extension String {
    /// With single spaces, and none at the ends.
    var trimmed: String { split { " \t".contains($0) }.joined(separator: " ") }

    /// `table inet zvnft { # progname zvnftd` while its owner lives.
    fileprivate var withoutOwner: String { hasPrefix("table ") ? String(prefix { $0 != "#" }).trimmed : self }
}
