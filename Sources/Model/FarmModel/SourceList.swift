import NetTypes

/// The networks of a list file, packed: a hundred thousand of them are compared and handed on as one block.
public struct SourceList: Sendable, Hashable {
    private let ipv4: [UInt8]
    private let ipv6: [UInt8]

    /// `ranges`: canonical (`AddressRange.canonical`).
    public init(_ ranges: some Sequence<AddressRange>) {
        var (ipv4, ipv6): ([UInt8], [UInt8]) = ([], [])
        for range in ranges {
            switch range.family {
            case .ipv4: range.append(to: &ipv4)
            case .ipv6: range.append(to: &ipv6)
            }
        }
        (self.ipv4, self.ipv6) = (ipv4, ipv6)
    }

    /// From what `octets` gave; nil if these are no whole ranges.
    public init?(ipv4: [UInt8], ipv6: [UInt8]) {
        guard ipv4.count % 8 == 0, ipv6.count % 32 == 0 else { return nil }
        (self.ipv4, self.ipv6) = (ipv4, ipv6)
    }

    /// First and last address of each range, one behind the other, in network order and sorted.
    public func octets(_ family: AddressFamily) -> [UInt8] { family == .ipv4 ? ipv4 : ipv6 }

    public var count: Int { ipv4.count / 8 + ipv6.count / 32 }

    /// The sizes tell lists apart well enough where only a bucket is looked for.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(ipv4.count)
        hasher.combine(ipv6.count)
    }
}

extension AddressRange {
    fileprivate func append(to octets: inout [UInt8]) {
        first.appendOctets(to: &octets)
        last.appendOctets(to: &octets)
    }
}
