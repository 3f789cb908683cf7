import Glibc
import Ruleset
import Seams

/// Which tables are claimed with which flags.
struct Ownership {
    /// NFT_TABLE_F_OWNER | NFT_TABLE_F_PERSIST; the latter is not in the headers of Debian 12.
    private static let claim: UInt32 = 0x2 | 0x4

    private var plain: Set<TableFamily> = []
    private var isKnownToKernel = true

    var isComplete: Bool { isKnownToKernel && plain.isEmpty }

    /// The flags of each table that the batch adds. A table that the batch deletes first is made anew and can be owned.
    func flags(_ batch: Batch) -> (TableFamily) -> UInt32 {
        let replaced = Self.replaced(batch)
        return { isKnownToKernel && (!plain.contains($0) || replaced.contains($0)) ? Self.claim : 0 }
    }

    /// True if the error came of the flags and the batch can be tried again without them.
    ///
    /// The kernel answers alike when it does not know the flags and when a table stands there without them.
    mutating func giveUp(
        on error: DriverError, _ batch: Batch, existing: () throws(DriverError) -> [ExistingTable]
    ) throws(DriverError) -> Bool {
        let added = Set(batch.operations.compactMap { if case .addTable(let family) = $0 { family } else { nil } })
        guard [EOPNOTSUPP, EINVAL].contains(error.errno), added.contains(where: { flags(batch)($0) != 0 }) else { return false }
        guard error.object?.hasPrefix("table ") == true else { return false }
        let unowned = Set(try existing().filter { $0.flags & Self.claim == 0 }.map(\.family))
        let kept = added.intersection(unowned).subtracting(plain).subtracting(Self.replaced(batch))
        if kept.isEmpty { isKnownToKernel = false } else { plain.formUnion(kept) }
        return true
    }

    /// After a commit: a table that was made anew is owned.
    mutating func note(_ batch: Batch) { plain.subtract(Self.replaced(batch)) }

    private static func replaced(_ batch: Batch) -> Set<TableFamily> {
        Set(batch.operations.compactMap { if case .deleteTable(let family) = $0 { family } else { nil } })
    }
}

/// A table of ours as the kernel has it.
struct ExistingTable {
    let family: TableFamily
    let flags: UInt32
    /// Port of the netlink socket that owns it.
    let owner: UInt32?
}
