import CNetfilter
import Glibc
import Seams

/// Where a batch is written before it is sent. Memory comes from the kernel page by page as it is touched and goes back as a whole.
final class MessageBuffer {
    private let base: UnsafeMutableRawPointer
    let capacity: Int
    private(set) var count = 0

    init(capacity: Int) throws(DriverError) {
        guard let base = mmap(nil, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), base != MAP_FAILED else {
            throw DriverError(kind: .noRoom, errno: errno, message: "no memory for a batch of \(capacity) octets")
        }
        (self.base, self.capacity) = (base, capacity)
    }

    deinit { munmap(base, capacity) }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    func clear() { count = 0 }

    /// Writes one message with the header of nf_tables and whatever `body` appends to it.
    func message(_ type: Int, family: UInt8, flags: Int32, sequence: UInt32, _ body: (UnsafeMutablePointer<nlmsghdr>) -> Void) {
        precondition(count + Self.headroom <= capacity, "a batch was estimated too small")
        let header: UnsafeMutablePointer<nlmsghdr> = nftnl_nlmsg_build_hdr(
            base + count, UInt16(type), UInt16(family), UInt16(flags), sequence)
        body(header)
        count += (Int(header.pointee.nlmsg_len) + 3) & ~3
        precondition(count <= capacity, "a message was larger than estimated")
    }

    /// The first or last message of a batch (nfnetlink's own).
    func boundary(
        _ build: (UnsafeMutableRawPointer, UInt32) -> UnsafeMutablePointer<nlmsghdr>?, sequence: UInt32, generation: UInt32? = nil
    ) {
        guard let header = build(base + count, sequence) else { preconditionFailure("libnftnl builds a header in any buffer") }
        if let generation { mnl_attr_put_u32(header, UInt16(NFNL_BATCH_GENID.rawValue), generation.bigEndian) }
        count += (Int(header.pointee.nlmsg_len) + 3) & ~3
    }

    /// libmnl checks no bounds: more than any message of ours but element lists.
    static let headroom = 16 * 1024
}

extension UnsafeMutablePointer<nlmsghdr> {
    func append(_ attribute: UInt32, _ string: String) { mnl_attr_put_strz(self, UInt16(attribute), string) }

    /// What stands inside the attribute is appended by `body`.
    func nest(_ attribute: UInt32, _ body: () -> Void) {
        guard let nest = mnl_attr_nest_start(self, UInt16(attribute)) else { return }
        body()
        mnl_attr_nest_end(self, nest)
    }

    /// Room behind what has been written.
    var tail: UnsafeMutableRawPointer { UnsafeMutableRawPointer(self) + Int(pointee.nlmsg_len) }
}
