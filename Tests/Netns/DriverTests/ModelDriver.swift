import Ruleset
import Seams

/// The model of the kernel behind the driver's protocol, for the contract.
final class ModelDriver: RulesetDriver {
    private var kernel = ModelKernel()
    private static let socket: UInt32 = 1

    init() { kernel.open(socket: Self.socket) }

    func claim() throws(DriverError) { _ = try commit(Batch([.addTable(.inet)]), expecting: nil) }
    var ownsTables: Bool { true }
    func generation() throws(DriverError) -> UInt32 { kernel.generation }
    func counters() throws(DriverError) -> [TableFamily: [String: [RuleCounter?]]] { [:] }

    func dump(recognising expected: Ruleset) throws(DriverError) -> (ruleset: Ruleset, foreign: [String], generation: UInt32) {
        (kernel.ruleset, [], kernel.generation)
    }

    func commit(_ batch: Batch, expecting expected: UInt32?) throws(DriverError) -> UInt32 {
        do { return try kernel.apply(batch, from: Self.socket, expecting: expected) } catch {
            throw DriverError(
                kind: error.operation == nil ? .staleGeneration : .refused, errno: error.errno, object: error.object, message: "refused")
        }
    }
}
