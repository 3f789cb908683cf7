import ArgumentParser

/// How an answer is written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, wide, json, yaml, name
}

struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("How to write the answer.", valueName: "format"))
    var output: OutputFormat = .table

    /// The one way out of every command that shows something.
    func show(_ answer: some Presentable) throws {
        Console.current.write(try Rendering.text(of: answer, as: output, isColoured: Console.current.isColoured))
    }
}
