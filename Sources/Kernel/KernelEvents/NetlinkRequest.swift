import CNetfilter

/// A request that libmnl writes into a buffer of its own.
struct NetlinkRequest: ~Copyable {
    /// More than the longest of our requests: two tuples of IPv6 and a zone are under 300 bytes.
    private static let capacity = 1024
    private let header: UnsafeMutablePointer<nlmsghdr>

    init(type: Int, flags: Int32) {
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: Self.capacity, alignment: 8)
        header = mnl_nlmsg_put_header(buffer)
        header.pointee.nlmsg_type = UInt16(type)
        header.pointee.nlmsg_flags = UInt16(NLM_F_REQUEST | flags)
    }

    deinit { UnsafeMutableRawPointer(header).deallocate() }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: header, count: Int(header.pointee.nlmsg_len)) }
    var isDump: Bool { Int32(header.pointee.nlmsg_flags) & NLM_F_DUMP == NLM_F_DUMP }

    func number(_ sequence: UInt32) { header.pointee.nlmsg_seq = sequence }

    func fixedHeader<Header: BitwiseCopyable>(_ value: Header) {
        mnl_nlmsg_put_extra_header(header, MemoryLayout<Header>.size).storeBytes(of: value, as: Header.self)
    }

    func put(_ type: some BinaryInteger, bytes: [UInt8]) {
        let fits = mnl_attr_put_check(header, Self.capacity, UInt16(type), bytes.count, bytes)
        precondition(fits, "a request is larger than \(Self.capacity) bytes")
    }

    func put<Number: FixedWidthInteger & BitwiseCopyable>(_ type: some BinaryInteger, bigEndian value: Number) {
        withUnsafeBytes(of: value.bigEndian) { put(type, bytes: Array($0)) }
    }

    func put<Number: FixedWidthInteger & BitwiseCopyable>(_ type: some BinaryInteger, native value: Number) {
        withUnsafeBytes(of: value) { put(type, bytes: Array($0)) }
    }

    func nest(_ type: some BinaryInteger, _ fill: () -> Void) {
        guard let start = mnl_attr_nest_start_check(header, Self.capacity, UInt16(type)) else {
            preconditionFailure("a request is larger than \(Self.capacity) bytes")
        }
        fill()
        mnl_attr_nest_end(header, start)
    }

    /// Copies an attribute as the kernel wrote it.
    func copy(_ attribute: [UInt8]) {
        guard let tail = mnl_nlmsg_get_payload_tail(header) else { return }
        precondition(bytes.count + attribute.count + 3 <= Self.capacity, "a request is larger than \(Self.capacity) bytes")
        tail.copyMemory(from: attribute, byteCount: attribute.count)
        header.pointee.nlmsg_len += UInt32((attribute.count + 3) & ~3)
    }
}
