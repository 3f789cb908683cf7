import TestNamespaces

extension Namespace {
    /// Runs a program inside; words are separated by spaces.
    @discardableResult
    func run(_ command: String, input: String = "") throws -> String {
        try Program.run(["nsenter", "--net=/run/netns/\(name)"] + command.split(separator: " ").map(String.init), input: input)
    }
}
