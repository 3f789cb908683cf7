import FarmWatching
import Reconciling

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
