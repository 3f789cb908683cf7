import FarmWatching
import Reconciling

extension Balancer {
    /// Applies the directory whenever it has changed and come to rest.
    func watch(_ directory: FarmDirectory, _ reconciler: Reconciler) async throws {
        let (changes, changed) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let watcher = try FarmWatcher(path: directory.path) { changed.yield() }
        defer { watcher.stop() }
        for await _ in changes { _ = await reconciler.apply(author: "files") }
    }
}

extension FarmDirectory {
    /// What can be read, and in words what cannot.
    func reading() -> FarmLoader.FarmReading {
        do {
            let reading = try read()
            return .init(files: reading.files, faults: reading.faults.map(\.description))
        } catch {
            return .init(files: [], faults: [error.description])
        }
    }
}
