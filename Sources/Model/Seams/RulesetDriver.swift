import Ruleset

/// What applies batches to a kernel: the real one through netlink, or the strict model of it.
///
/// Calls block and are made one at a time, though not always by the same thread. One contract suite holds for every implementation.
public protocol RulesetDriver: SetReader {
    /// Takes over our tables; `ownedByOther` when another process holds them.
    func claim() throws(DriverError)

    /// True while no other process can change our tables.
    var ownsTables: Bool { get }

    /// Applies the batch as one transaction and returns the generation that it made.
    ///
    /// Elements to delete have to be there, but in dynamic sets, where they may have left by themselves (Linux 6.3 and later).
    /// `expected`: the generation that the batch was decided on; nil commits upon whatever is there. A batch that is refused changes nothing.
    func commit(_ batch: Batch, expecting expected: UInt32?) throws(DriverError) -> UInt32

    /// What the kernel holds of our tables, with the generation at which it held it. Elements stand in `Fragment.shared`.
    ///
    /// Rules are recognised by comparing them with those of `expected`; one that is not there comes back as `Statement.unknown`,
    /// and a set or chain of a type that we never make is left out and named in `foreign`.
    func dump(recognising expected: Ruleset) throws(DriverError) -> (ruleset: Ruleset, foreign: [String], generation: UInt32)

    func generation() throws(DriverError) -> UInt32

    /// What rules have counted, by table, chain and position; nil for a rule that does not count.
    func counters() throws(DriverError) -> [TableFamily: [String: [RuleCounter?]]]

    /// What the elements of a set have counted, if its type says that they count. It may lack elements when a transaction comes between.
    /// `refused` (ENOENT) where there is no such set.
    func elementCounters(of set: String, in family: TableFamily, type: SetType) throws(DriverError) -> ElementCounters

    /// How many elements take room in a set: those that have expired count until the kernel sweeps them up.
    /// One question to Linux 6.15 and later, a reading of the whole set to older ones.
    func count(of set: String, in family: TableFamily) throws(DriverError) -> Int
}

/// What reads sets that packets fill. Calls block and are made from one thread, which need not be that of the commits.
public protocol SetReader: AnyObject {
    /// What a dynamic set holds: `dump` leaves it out. Packets go on changing it meanwhile, so that a reading of a large set
    /// may lack an element or hold one that has just gone. `refused` (ENOENT) where there is no such set.
    func elements(of set: String, in family: TableFamily, type: SetType) throws(DriverError) -> DynamicElements
}

/// A batch or dump that the kernel refused, in words that say what to do.
public struct DriverError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// Another transaction came between (ERESTART): decide again on the new generation.
        case staleGeneration
        /// A table is owned by another process (EPERM on a claim).
        case ownedByOther
        /// We may not (EPERM without CAP_NET_ADMIN).
        case notPermitted
        /// Something in the batch is not as the kernel has it (ENOENT, EEXIST, EBUSY …): dump and decide again.
        case refused
        /// The kernel has no room (ENOMEM, ENFILE, ENOBUFS, EMSGSIZE): the old state stays.
        case noRoom
        /// This kernel lacks a feature (EOPNOTSUPP, ENOENT on a module).
        case unsupported
        /// The socket itself failed.
        case broken
    }

    public let kind: Kind
    /// As in errno.h; 0 where there is none.
    public let errno: Int32
    /// The kernel's own text (extended ack), if it gave one.
    public let kernelText: String?
    /// The table, chain, set or rule that the kernel refused, and the operation's index in the batch.
    public let object: String?
    public let message: String

    public init(kind: Kind, errno: Int32 = 0, kernelText: String? = nil, object: String? = nil, message: String) {
        (self.kind, self.errno, self.kernelText, self.object, self.message) = (kind, errno, kernelText, object, message)
    }

    public var description: String {
        var text = message
        if let object { text += " (\(object))" }
        if let kernelText { text += ": \(kernelText)" }
        return text
    }
}
