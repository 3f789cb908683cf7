extension Balancer {
    /// What the slots of a listener name in the kernel, as nft lists it: `10.0.1.11 . 8080`.
    func slotsInKernel(of listener: String) throws -> [String] {
        try lab.at("balancer", ["nft", "-s", "list", "ruleset"]).split { "\n,{}".contains($0) }.compactMap { element in
            let sides = element.split(separator: " : ", maxSplits: 1).map { $0.drop { " \t".contains($0) } }
            guard sides.count == 2, sides[0].contains(listener + " . "), !sides[1].contains("goto") else { return nil }
            return String(sides[1].reversed().drop { " \t".contains($0) }.reversed())
        }
    }
}
