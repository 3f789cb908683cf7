import ArgumentParser

/// Commands that the interface names and a later version will have. They take any arguments, so that a script learns what is lacking
/// rather than that it has misspelt an option.
protocol NotYetCommand: ParsableCommand {
    var rest: [String] { get }
}

extension NotYetCommand {
    func run() throws { throw NotSupportedYet(what: "lbctl \(Self._commandName)") }
}

struct HistoryCommand: NotYetCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Past changes, with author and cause (not supported yet)."
    )
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
}

struct UndoCommand: NotYetCommand {
    static let configuration = CommandConfiguration(commandName: "undo", abstract: "Goes back, as a new change (not supported yet).")
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
}

struct TopCommand: NotYetCommand {
    static let configuration = CommandConfiguration(commandName: "top", abstract: "Live rates, connections and slots (not supported yet).")
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
}

struct ImportCommand: NotYetCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Writes farm files from those of another balancer (not supported yet)."
    )
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
}

struct DoctorCommand: NotYetCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Looks for what stands in the way (not supported yet)."
    )
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
}

struct SupportBundleCommand: NotYetCommand {
    static let configuration = CommandConfiguration(
        commandName: "support-bundle", abstract: "Collects what a bug report needs (not supported yet)."
    )
    @Argument(parsing: .allUnrecognized) var rest: [String] = []
}
