import CNetfilter
import Ruleset

/// Writes rows of an element table as the nested elements of `NFTA_SET_ELEM_LIST_ELEMENTS`, straight from one buffer to the other.
struct ElementEncoder {
    enum Purpose { case add, delete }

    private let type: SetType
    private let purpose: Purpose
    private let swaps: [Int]
    private var template: ElementTemplate
    /// The value that `template` was made for, where its length depends on the value.
    private var templateValue: ArraySlice<UInt8> = []

    init(_ type: SetType, _ purpose: Purpose) {
        (self.type, self.purpose, swaps) = (type, purpose, type.swappedWords)
        template = ElementTemplate(type, purpose, verdict: "")
    }

    /// Octets that an element takes at most; a range of a lone field is two of the kernel's.
    static func largest(_ type: SetType) -> Int { 2 * type.keyLength + type.valueLength + 80 }

    /// Writes rows from `start` on until `limit` octets are full; returns the octets written and the first row left over.
    mutating func write(
        _ rows: ElementTable, from start: Int, to target: UnsafeMutableRawPointer, limit: Int
    ) -> (written: Int, next: Int) {
        let isVerdict = type.value == .verdict && purpose == .add
        var (written, row) = (0, start)
        rows.bytes.withUnsafeBytes { source in
            while row < rows.count {
                if isVerdict { chooseTemplate(rows.value(row)) }
                guard written + template.bytes.count <= limit else { break }
                fill(target + written, source, at: row * rows.layout.rowLength)
                written += template.isOpenEnded(source, at: row * rows.layout.rowLength, type) ? template.firstLength : template.bytes.count
                row += 1
            }
        }
        return (written, row)
    }

    private mutating func chooseTemplate(_ value: ArraySlice<UInt8>) {
        guard !value.elementsEqual(templateValue) else { return }
        template = ElementTemplate(type, purpose, verdict: ElementTable.chain(value))
        templateValue = value
    }

    private func fill(_ target: UnsafeMutableRawPointer, _ source: UnsafeRawBufferPointer, at offset: Int) {
        guard let base = source.baseAddress else { return }
        template.bytes.withUnsafeBytes { target.copyMemory(from: $0.baseAddress ?? base, byteCount: $0.count) }
        let row = base + offset
        put(row, type.keyLength, at: target + template.key)
        if let hole = template.keyEnd {
            put(row + type.keyLength, type.keyLength, at: target + hole)
            if type.key.count == 1 { increment(target + hole, count: type.keyLength) }
        }
        if let hole = template.value { (target + hole).copyMemory(from: row + type.layout.identityLength, byteCount: type.valueLength) }
    }

    private func put(_ octets: UnsafeRawPointer, _ count: Int, at target: UnsafeMutableRawPointer) {
        target.copyMemory(from: octets, byteCount: count)
        for offset in swaps {
            let word = (target + offset).loadUnaligned(as: UInt32.self)
            (target + offset).storeBytes(of: word.byteSwapped, as: UInt32.self)
        }
    }

    /// The kernel's ranges of a lone field end before their last value, ours with it.
    private func increment(_ number: UnsafeMutableRawPointer, count: Int) {
        let octets = number.assumingMemoryBound(to: UInt8.self)
        for index in stride(from: count - 1, through: 0, by: -1) {
            octets[index] &+= 1
            if octets[index] != 0 { return }
        }
    }
}

extension SetType {
    /// Where keys hold numbers in the host's order, which the kernel needs in network order to compare ranges.
    var swappedWords: [Int] {
        guard isInterval else { return [] }
        var (offset, result): (Int, [Int]) = (0, [])
        for field in key {
            if case .slot = field { result.append(offset) }
            offset += field.registerLength
        }
        return result
    }
}
