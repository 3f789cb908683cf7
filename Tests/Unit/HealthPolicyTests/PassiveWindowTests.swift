import FarmModel
import HealthPolicy
import Testing

@Suite struct PassiveWindowTests {
    private let passive = PassiveDetection(failures: 5, window: .seconds(10))

    /// Second and failures of each look, and at which of them it was too much.
    @Test(arguments: [
        ([(1, 4), (2, 0), (5, 1)], [5]), ([(1, 4), (12, 1)], []), ([(1, 5)], [1]), ([(1, 2), (5, 2), (11, 0), (12, 2), (14, 1)], [14]),
        ([(1, 9), (2, 4), (3, 1)], [1, 3]),
    ]) func failuresCountWithinTheWindow(looks: [(Int, Int)], ejections: [Int]) {
        var window = PassiveWindow()
        #expect(looks.filter { window.add($0.1, at: instant($0.0), by: passive) }.map(\.0) == ejections)
    }
}
