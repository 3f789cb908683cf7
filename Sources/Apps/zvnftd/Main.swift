import Daemon
import Dispatch
import Glibc

@main
enum Main {
    static func main() {
        DaemonCommand.prepare()
        Task {
            await DaemonCommand.start()
            exit(EXIT_SUCCESS)
        }
        dispatchMain()
    }
}
