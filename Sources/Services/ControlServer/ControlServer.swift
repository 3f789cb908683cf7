import ControlAPI
import Hummingbird
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The daemon's control interface: HTTP on a Unix socket.
///
/// `run()` returns after a graceful shutdown of the surrounding `ServiceGroup` (open event streams are ended), or throws when the
/// socket cannot be had: `ControlSocketFault` before anything is disturbed, or the error of `bind`. A socket file that is taken away
/// while it runs is made anew.
public struct ControlServer: Service {
    let socket: ControlSocket
    private let service: any ControlService
    let logger: Logger
    private let limits: ControlLimits
    let lookInterval: Duration
    private let whenOpen: @Sendable () async -> Void

    /// `whenOpen` is called once clients can connect: the moment to tell a supervisor that the daemon is ready. `lookInterval`: how often
    /// it is looked whether the socket file is still there.
    public init(
        socketPath: String, service: any ControlService, logger: Logger, limits: ControlLimits = ControlLimits(),
        lookInterval: Duration = .seconds(2), whenOpen: @escaping @Sendable () async -> Void = {}
    ) {
        (socket, self.service, self.logger) = (ControlSocket(path: socketPath), service, logger)
        (self.limits, self.lookInterval, self.whenOpen) = (limits, lookInterval, whenOpen)
    }

    /// Makes the socket's directory and looks whether the socket can be had, so that a daemon that cannot be reached does not begin to act.
    public func prepare() throws(ControlSocketFault) {
        try socket.makeDirectory()
        try socket.claim()
    }

    public func run() async throws {
        try prepare()
        // One thread is plenty for people and scripts, and keeps the loops of probes and netlink apart from this one.
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let outcome = await Result { try await listen(on: loops) }
        socket.removeIfDead()
        try await loops.shutdownGracefully()
        try outcome.get()
    }

    private func listen(on loops: any EventLoopGroup) async throws {
        let (seats, file) = (ConnectionSeats(limit: limits.connections), BoundFile())
        let number = file.begin()
        let first = application(on: loops, seats) {
            file.opened(number, socket.identity())
            await whenOpen()
        }
        async let watching: Void = renew(file) { application(on: loops, seats, whenOpen: $0) }
        try await first.run()
        await watching
    }

    private func application(
        on loops: any EventLoopGroup, _ seats: ConnectionSeats, whenOpen: @escaping @Sendable () async -> Void
    ) -> Application<RouteTable> {
        Application(
            responder: RouteTable(routes: Route.all(of: service, heartbeat: limits.heartbeat), limits: limits),
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionGuard(seats: seats)],
                    idleTimeout: TimeAmount(limits.headerTime),
                    httpDecoderConfiguration: .init(maxHeaderFieldSize: 16 << 10, maxHeaderListSize: 64 << 10, maxHeaderFieldCount: 100)
                )
            ),
            configuration: ApplicationConfiguration(address: .unixDomainSocket(path: socket.path)),
            onServerRunning: { _ in
                openToGroup()
                await whenOpen()
            },
            eventLoopGroupProvider: .shared(loops),
            logger: quietLogger()
        )
    }

    private func openToGroup() {
        do {
            try socket.openToGroup()
            logger.info("control socket is open", metadata: ["path": "\(socket.path)"])
        } catch {
            logger.error("control socket stays closed to its group", metadata: ["path": "\(socket.path)", "error": "\(error)"])
        }
    }

    /// Hummingbird announces each start and stop at `info`; what matters of that is said by us.
    private func quietLogger() -> Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }
}

extension Result where Failure == any Error {
    fileprivate init(_ work: () async throws -> Success) async {
        do { self = .success(try await work()) } catch { self = .failure(error) }
    }
}
