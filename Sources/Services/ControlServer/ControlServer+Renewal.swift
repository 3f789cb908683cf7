import Hummingbird
import Logging
import ServiceLifecycle

/// A socket file that somebody deletes leaves a listener that nobody can reach. The file is then bound by a further listener; those before
/// it stay, for the connections that they have accepted.
extension ControlServer {
    /// Beside the first and the newest one. What is deleted again and again costs the oldest connections, not all descriptors.
    private static let mostFormerListeners = 4

    /// Looks after the file until the server is asked to stop.
    func renew(
        _ file: BoundFile, _ application: @escaping @Sendable (@escaping @Sendable () async -> Void) -> Application<RouteTable>
    ) async {
        await withDiscardingTaskGroup { listeners in
            var (ends, complaint) = ([AsyncStream<Never>.Continuation](), "")
            while await isTimeToLook() {
                guard file.isGone(present: socket.identity()) else { continue }
                do throws(ControlSocketFault) { try prepare() } catch {
                    // Once for each reason: it may last.
                    if complaint != error.description {
                        logger.error("control socket is gone and cannot be made anew", metadata: metadata(error))
                    }
                    complaint = error.description
                    continue
                }
                complaint = ""
                let (end, stop) = AsyncStream.makeStream(of: Never.self)
                if ends.count > Self.mostFormerListeners { ends.removeFirst().finish() }
                ends.append(stop)
                let number = file.begin()
                let renewed = application {
                    file.opened(number, socket.identity())
                    logger.warning("control socket was gone; it is there again", metadata: ["path": "\(socket.path)"])
                }
                listeners.addTask { await listen(renewed, number, file, until: end) }
            }
        }
    }

    /// False when the server is asked to stop.
    private func isTimeToLook() async -> Bool {
        let slept: Void? = try? await cancelWhenGracefulShutdown { try await Task.sleep(for: lookInterval) }
        return slept != nil
    }

    private func listen(_ application: Application<RouteTable>, _ number: Int, _ file: BoundFile, until end: AsyncStream<Never>) async {
        await withTaskGroup(of: Void.self) { race in
            race.addTask {
                do { try await application.run() } catch {
                    guard !Task.isCancelled else { return }
                    file.failed(number)
                    logger.error("control socket cannot be made anew", metadata: metadata(error))
                }
            }
            race.addTask { for await _ in end {} }
            await race.next()
            race.cancelAll()
        }
    }

    private func metadata(_ error: any Error) -> Logger.Metadata { ["path": "\(socket.path)", "error": "\(error)"] }
}
