import NetTypes
import Seams

/// Which connections are open, and how many of each target.
struct LedgerBook {
    /// What clients address; other connections are none of our business.
    private(set) var addresses: Set<IPAddress> = []
    /// Row of the target by the entry's id. At most as many as the kernel's table holds (nf_conntrack_max).
    private var open: [UInt32: Int32] = [:]
    private var rows: [Row] = []
    private var rowOf: [ConnectionTarget: Int32] = [:]
    private var free: [Int32] = []
    /// Entries of which the last walk and the notices before it said different things, until a notice explains it.
    private var unexplained: Set<UInt32> = []

    private struct Row {
        var target: ConnectionTarget
        var tally: ConnectionTally
    }

    var liveCount: Int { open.count }
    /// How much has gone unnoticed, once the notices that came during the walk have been taken.
    var unexplainedCount: Int { unexplained.count }

    mutating func take(_ notice: ConntrackNotices.Notice) {
        switch notice {
        case .began(let id, let entry):
            unexplained.remove(id)
            guard addresses.contains(entry.listener.address), entry.isAlive else { return }
            begin(id, entry.target, isNews: true)
        case .ended(let id):
            unexplained.remove(id)
            end(id)
        }
    }

    /// Takes a walk's word for everything. `areNews`: what was unknown has begun since the walk before.
    mutating func replace(with found: [UInt32: ConnectionTarget], areNews: Bool) {
        let (known, seen) = (Set(open.keys), Set(found.keys))
        for id in known.subtracting(seen) { end(id) }
        for id in seen.subtracting(known) {
            if let target = found[id] { begin(id, target, isNews: areNews) }
        }
        unexplained = known.symmetricDifference(seen)
    }

    /// Forgets everything and counts for others from now on.
    mutating func restart(_ addresses: Set<IPAddress>) {
        self = LedgerBook()
        self.addresses = addresses
    }

    /// What is open and what began since the last reading.
    mutating func reading() -> [ConnectionTarget: ConnectionTally] {
        var result: [ConnectionTarget: ConnectionTally] = [:]
        for (target, index) in rowOf {
            let row = Int(index)
            if rows[row].tally == ConnectionTally() {
                rowOf[target] = nil
                free.append(index)
            } else {
                result[target] = rows[row].tally
                rows[row].tally.opened = 0
            }
        }
        return result
    }

    private mutating func begin(_ id: UInt32, _ target: ConnectionTarget, isNews: Bool) {
        guard open[id] == nil else { return }
        let row = row(of: target)
        open[id] = row
        rows[Int(row)].tally.live += 1
        if isNews { rows[Int(row)].tally.opened += 1 }
    }

    private mutating func end(_ id: UInt32) {
        guard let row = open.removeValue(forKey: id) else { return }
        rows[Int(row)].tally.live -= 1
    }

    private mutating func row(of target: ConnectionTarget) -> Int32 {
        if let row = rowOf[target] { return row }
        let row = Row(target: target, tally: ConnectionTally())
        let index = free.popLast() ?? Int32(rows.count)
        if Int(index) == rows.count { rows.append(row) } else { rows[Int(index)] = row }
        rowOf[target] = index
        return index
    }
}
