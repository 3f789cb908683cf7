import NetfilterDriver
import Testing

/// The real driver, each check in a namespace of its own.
@Suite struct ContractTests {
    @Test(arguments: DriverContract.all.map(\.name))
    func holds(_ name: String) throws {
        let namespace = try Namespace()
        try namespace.inside {
            let driver = try NetfilterDriver()
            try #require(DriverContract.all.first { $0.name == name }).check(driver)
        }
    }
}
