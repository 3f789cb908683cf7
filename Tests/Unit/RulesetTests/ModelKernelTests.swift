import NetTypes
import Testing

@testable import Ruleset

private let ports = SetType(key: [.port])
private let verdicts = SetType(key: [.port], value: .verdict)
private let port80 = ElementTable(ports.layout, unsortedRows: [0, 80])

private func verdict(_ port: UInt8, _ chain: String) -> ElementTable {
    let name = Array(chain.utf8)
    return ElementTable(
        verdicts.layout, unsortedRows: [0, port] + name + [UInt8](repeating: 0, count: ElementTable.verdictLength - name.count))
}

@Suite struct ModelKernelTests {
    private func kernel(after operations: Batch.Operation...) throws -> ModelKernel {
        var kernel = ModelKernel()
        kernel.open(socket: 1)
        _ = try kernel.apply(Batch([.addTable(.inet)] + operations), from: 1)
        return kernel
    }

    private func errno(_ kernel: ModelKernel, _ operations: Batch.Operation...) -> Int32? {
        var kernel = kernel
        let before = kernel.ruleset
        do {
            _ = try kernel.apply(Batch(operations), from: 1)
            return nil
        } catch {
            #expect(kernel.ruleset == before, "a refused batch changes nothing")
            return error.errno
        }
    }

    @Test func whatIsNotThereIsRefused() throws {
        let kernel = try kernel()
        #expect(errno(kernel, .deleteSet(.inet, name: "s")) == 2)
        #expect(errno(kernel, .addRule(.inet, chain: "c", Rule(.verdict(.drop)))) == 2)
        #expect(errno(kernel, .addElements(.inet, set: "s", ports, port80)) == 2)
        #expect(errno(kernel, .addSet(.netdev, name: "s", ports)) == 2)
    }

    @Test func whatIsThereIsNotAddedTwice() throws {
        let kernel = try kernel(after: .addSet(.inet, name: "s", ports), .addElements(.inet, set: "s", ports, port80))
        #expect(errno(kernel, .addSet(.inet, name: "s", ports)) == 17)
        #expect(errno(kernel, .addElements(.inet, set: "s", ports, port80)) == 17)
        #expect(errno(kernel, .deleteElements(.inet, set: "s", ports, port80), .addElements(.inet, set: "s", ports, port80)) == nil)
    }

    @Test func whatIsInUseStays() throws {
        let rule = Rule(.inSet(Key(.port(.source)), set: "s"), .verdict(.jump("d")))
        let kernel = try kernel(
            after: .addSet(.inet, name: "s", ports), .addChain(.inet, name: "c", nil), .addChain(.inet, name: "d", nil),
            .addRule(.inet, chain: "c", rule))
        #expect(errno(kernel, .deleteSet(.inet, name: "s")) == 16)
        #expect(errno(kernel, .deleteChain(.inet, name: "d")) == 16)
        #expect(errno(kernel, .flushChain(.inet, name: "c"), .deleteChain(.inet, name: "d"), .deleteSet(.inet, name: "s")) == nil)
    }

    @Test func aChainThatAnElementNamesStays() throws {
        let kernel = try kernel(
            after: .addSet(.inet, name: "m", verdicts), .addChain(.inet, name: "c", nil),
            .addElements(.inet, set: "m", verdicts, verdict(80, "c")))
        #expect(errno(kernel, .deleteChain(.inet, name: "c")) == 16)
        #expect(errno(kernel, .addElements(.inet, set: "m", verdicts, verdict(81, "gone"))) == 2)
    }

    @Test func aStaleGenerationIsRefused() throws {
        var kernel = try kernel()
        let generation = kernel.generation
        _ = try kernel.apply(Batch([.addSet(.inet, name: "s", ports)]), from: 1, expecting: generation)
        #expect(throws: ModelKernel.Refusal(errno: 85, operation: nil, object: "generation \(generation + 1)")) {
            try kernel.apply(Batch([.addSet(.inet, name: "t", ports)]), from: 1, expecting: generation)
        }
    }

    @Test func aTableBelongsToItsLivingOwner() throws {
        var kernel = try kernel()
        kernel.open(socket: 2)
        #expect(throws: ModelKernel.Refusal(errno: 1, operation: 0, object: "table inet")) {
            try kernel.apply(Batch([.addTable(.inet)]), from: 2)
        }
        kernel.close(socket: 1)
        _ = try kernel.apply(Batch([.addTable(.inet), .addSet(.inet, name: "s", ports)]), from: 2)
        #expect(kernel.ruleset[.inet]?.set("s") != nil)
    }
}
