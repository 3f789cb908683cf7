import CNetfilter
import Glibc
import NetTypes
import Processes
import Ruleset
import Seams

/// Applies batches to nf_tables and reads back what it holds, through one netlink socket in the network namespace
/// of the thread that made the driver. To be used by one thread at a time.
///
/// Our tables are claimed with `owner|persist` (Linux 6.9): nobody else can change them, they outlive the process, and the next
/// one takes them over. Where the kernel knows no such flags, or a table stands there without them, they are plain tables.
public final class NetfilterDriver: RulesetDriver {
    let socket: NetlinkSocket
    /// Kept for small batches, so that a flip allocates nothing.
    private let smallBuffer: MessageBuffer
    var sets = SetCatalogue()
    private var ownership = Ownership()
    private var dynamicDeletion: DynamicDeletion

    private static let smallBufferSize = 256 * 1024
    /// Commits that come between while no generation is expected.
    private static let attempts = 64

    /// Opens the socket; `broken` if that fails.
    public convenience init() throws(DriverError) { try self.init(dynamicDeletion: DynamicDeletion()) }

    init(dynamicDeletion: DynamicDeletion) throws(DriverError) {
        self.dynamicDeletion = dynamicDeletion
        socket = try NetlinkSocket()
        smallBuffer = try MessageBuffer(capacity: Self.smallBufferSize)
    }

    /// False when a table had to be left without an owner: then other processes can change it, and a second instance is not noticed.
    public var ownsTables: Bool { ownership.isComplete }

    /// Takes over the tables that exist, and makes that of `inet` if there is none, so that a second instance meets an owner.
    /// Throws `ownedByOther` when one is alive.
    public func claim() throws(DriverError) {
        let families = try existingTables().map(\.family)
        _ = try commit(Batch(Set(families + [.inet]).sorted().map { .addTable($0) }), expecting: nil)
    }

    public func commit(_ batch: Batch, expecting expected: UInt32?) throws(DriverError) -> UInt32 {
        try learnSets(of: batch)
        while true {
            do {
                let generation = try attempt(batch, expecting: expected)
                sets.note(batch)
                ownership.note(batch)
                return generation
            } catch {
                if dynamicDeletion.giveUp(on: error, batch) { continue }
                // Taken as it is, once for each table, when a kernel does not take the flags.
                guard try ownership.giveUp(on: error, batch, existing: existingTables) else { throw try namingOwner(error) }
            }
        }
    }

    private func namingOwner(_ error: DriverError) throws(DriverError) -> DriverError {
        guard error.kind == .ownedByOther, let owner = try existingTables().compactMap(\.owner).first(where: { $0 != socket.portID })
        else { return error }
        // Only the first netlink socket of a process has the process's number as its port.
        let holder = RunningProcess.holder(ofNetlinkPort: owner, family: NETLINK_NETFILTER)
        let words = holder.map { "\($0)" } ?? "netlink port \(owner), of a process that is not to be seen from here"
        return DriverError(
            kind: error.kind, errno: error.errno, kernelText: error.kernelText, object: error.object, message: "\(error.message) (\(words))"
        )
    }

    private func attempt(_ batch: Batch, expecting expected: UInt32?) throws(DriverError) -> UInt32 {
        if let expected { return try transact(batch, upon: expected) }
        for attempt in 1..<Self.attempts {
            do { return try transact(batch, upon: generation()) } catch {
                guard error.kind == .staleGeneration else { throw error }
                // Up to 2 ms, so that two writers in step do not stay in step.
                usleep(UInt32.random(in: 0...UInt32(min(attempt, 20)) * 100))
            }
        }
        return try transact(batch, upon: generation())
    }

    /// Sends the batch as one transaction. All the answers are queued when `send` returns; without a word the kernel has agreed.
    private func transact(_ batch: Batch, upon generation: UInt32) throws(DriverError) -> UInt32 {
        let size = BatchEncoder.size(batch)
        let buffer = size.octets <= Self.smallBufferSize ? smallBuffer : try MessageBuffer(capacity: size.octets)
        buffer.clear()
        let (ownership, sets) = (ownership.flags(batch), sets.with(batch))
        let encoded = BatchEncoder(
            batch, into: buffer, firstSequence: socket.takeSequence(size.messages), generation: generation,
            .init(tableFlags: ownership, isInterval: sets.isInterval, dynamicDeletion: dynamicDeletion.message))
        try socket.send(buffer.bytes)
        if let refusal = try firstRefusal(encoded) { throw refusal.error(in: batch, encoded) }
        // A commit counts one on, and never to 0; but one that finds everything as it is does not count.
        return batch.isCounted ? max(1, generation &+ 1) : try self.generation()
    }

    private func firstRefusal(_ encoded: BatchEncoder) throws(DriverError) -> Refusal? {
        var first: Refusal?
        let sequences = encoded.firstSequence..<(encoded.firstSequence + UInt32(encoded.origins.count))
        do {
            _ = try socket.receive { header throws(DriverError) in
                guard header.pointee.nlmsg_type == UInt16(NLMSG_ERROR), let refusal = Refusal(header) else { return true }
                if sequences.contains(refusal.sequence), first.map({ refusal.sequence < $0.sequence }) ?? true { first = refusal }
                return true
            }
        } catch {
            // Answers were lost for want of room: those that arrived say enough.
            if first == nil { throw error }
        }
        return first
    }
}

extension Batch {
    /// Whether the kernel counts a generation for it: claims of what is ours, and flushes of empty chains and sets, are nothing to it.
    fileprivate var isCounted: Bool {
        operations.contains {
            switch $0 {
            case .addTable, .flushChain, .flushSet: false
            case .addElements(_, _, _, let rows): !rows.isEmpty
            // Where they may be gone already, nobody knows.
            case .deleteElements(_, _, let type, let rows): !rows.isEmpty && type.dynamic == nil
            default: true
            }
        }
    }
}
