import ArgumentParser

struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Writes completions for a shell.",
        discussion: """
            Examples:
              lbctl completions bash > /etc/bash_completion.d/lbctl
              lbctl completions zsh > /usr/local/share/zsh/site-functions/_lbctl
              lbctl completions fish > ~/.config/fish/completions/lbctl.fish
            """
    )

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "The shell.") var shell: Shell

    func run() throws {
        Console.current.write(Lbctl.completionScript(for: dialect) + "\n")
    }

    private var dialect: CompletionShell {
        switch shell {
        case .bash: .bash
        case .zsh: .zsh
        case .fish: .fish
        }
    }
}
