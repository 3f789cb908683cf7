import ArgumentParser
import ControlAPI
import ControlClient

struct ConnectionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp("The daemon's control socket (default: $ZVNFT_SOCKET, else \(Product.socketPath)).", valueName: "path"),
        completion: .file()
    )
    var socket: String?

    var client: ControlClient { ControlClient(socketPath: socketPath) }

    private var socketPath: String {
        socket ?? Invocation.socketPath ?? environment("ZVNFT_SOCKET") ?? Product.socketPath
    }
}
