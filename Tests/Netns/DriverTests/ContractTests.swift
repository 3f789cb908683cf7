import NetfilterDriver
import TestNamespaces
import Testing

/// The contract holds for the real driver, each check in a namespace of its own; Tests/Unit/ModelDriverTests holds the model to it.
@Suite struct ContractTests {
    @Test(arguments: DriverContract.all.map(\.name))
    func holdsForTheKernel(_ name: String) throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            try #require(DriverContract.all.first { $0.name == name }).check(driver)
        }
    }
}
