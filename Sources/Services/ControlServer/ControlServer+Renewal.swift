import Hummingbird
import Logging
import ServiceLifecycle

/// A socket file that somebody deletes leaves a listener that nobody can reach. The file is then bound by a further listener; those before
/// it stay, for the connections that they have accepted.
extension ControlServer {
    /// Looks after the file until the server is asked to stop.
    func renew(
        _ file: BoundFile, _ application: @escaping @Sendable (@escaping @Sendable () async -> Void) -> Application<RouteTable>
    ) async {
        await withDiscardingTaskGroup { listeners in
            let renewed = RenewedListeners()
            while await isTimeToLook() {
                guard file.isGone(present: socket.identity()) else { continue }
                do throws(ControlSocketFault) { try prepare() } catch {
                    complain(error, renewed)
                    continue
                }
                let number = file.begin()
                let end = renewed.add(number)
                let next = application {
                    file.opened(number, socket.identity())
                    renewed.opened()
                    logger.warning("control socket was gone; it is there again", metadata: ["path": "\(socket.path)"])
                }
                listeners.addTask { await listen(next, number, file, renewed, until: end) }
            }
        }
    }

    /// False when the server is asked to stop.
    private func isTimeToLook() async -> Bool {
        // Cancelled is what a stop looks like from here.
        let slept: Void? = try? await cancelWhenGracefulShutdown { try await Task.sleep(for: lookInterval) }
        return slept != nil
    }

    private func listen(
        _ application: Application<RouteTable>, _ number: Int, _ file: BoundFile, _ renewed: RenewedListeners, until end: AsyncStream<Never>
    ) async {
        await withTaskGroup(of: Void.self) { race in
            race.addTask {
                var fault: (any Error)?
                do { try await application.run() } catch { fault = error }
                // Before the next look: one that could not open must not count among those that live.
                renewed.remove(number)
                guard let fault, !Task.isCancelled else { return }
                complain(fault, renewed)
                file.failed(number)
            }
            race.addTask { for await _ in end {} }
            await race.next()
            race.cancelAll()
        }
    }

    /// Loud once for each reason: it may last.
    private func complain(_ error: any Error, _ renewed: RenewedListeners) {
        logger.log(
            level: renewed.isNews("\(error)") ? .error : .debug, "control socket is gone and cannot be made anew",
            metadata: ["path": "\(socket.path)", "error": "\(error)"])
    }
}
