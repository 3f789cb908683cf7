extension Balancer {
    /// What the slots of a listener name in the kernel, as nft lists it: `10.0.1.11 . 8080`.
    func slotsInKernel(of listener: String) throws -> [String] { Array(try namedSlots(of: listener).values) }

    /// By the key of the element: `203.0.113.10 . tcp . 80 . 17`.
    func namedSlots(of listener: String) throws -> [String: String] {
        let elements = try lab.at("balancer", ["nft", "-s", "list", "ruleset"]).split { "\n,{}".contains($0) }
        return elements.reduce(into: [:]) { slots, element in
            let sides = element.split(separator: ": ", maxSplits: 1).map { String($0).trimmed }
            guard sides.count == 2, sides[0].hasPrefix(listener + " . ") else { return }
            slots[sides[0]] = sides[1]
        }
    }
}
