import Commands
import Glibc

@main
enum Main {
    static func main() async {
        exit(await Lbctl.run(Array(CommandLine.arguments.dropFirst())))
    }
}
