import ModelDriver
import Testing

/// The model keeps the contract of the driver. Its text stands in Tests/Netns/DriverTests, where the real one is held to it.
@Suite struct ModelDriverTests {
    @Test(arguments: DriverContract.all.map(\.name))
    func holds(_ name: String) throws {
        try #require(DriverContract.all.first { $0.name == name }).check(ModelDriver())
    }
}
