import ArgumentParser
import FarmConfig

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "What a key of a farm file means. Needs no daemon.",
        discussion: """
            Examples:
              lbctl explain farm
              lbctl explain farm.health.fall
            """
    )

    @Argument(help: ArgumentHelp("The key, from `farm` on.", valueName: "key"), completion: .list(FarmSchema.keys.map(\.path)))
    var key: String

    func run() throws {
        guard let text = FarmSchema.explain(key) else {
            let near = FarmSchema.nearest(to: key).map { "; did you mean \($0)?" } ?? ""
            throw CommandFailure(.notFound, "there is no key \(key)\(near)")
        }
        Console.current.write(text + "\n")
    }
}
