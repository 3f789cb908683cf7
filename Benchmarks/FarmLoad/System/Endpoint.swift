import ArgumentParser
import CLinux
import Glibc

/// An IPv4 or IPv6 address with a port: `203.0.113.10:80` or `[2001:db8::10]:80`.
struct Endpoint: ExpressibleByArgument, CustomStringConvertible {
    /// 4 or 16 bytes in network order.
    let address: [UInt8]
    let port: UInt16

    init(address: [UInt8], port: UInt16) {
        precondition(address.count == 4 || address.count == 16, "an address has 4 or 16 bytes")
        self.address = address
        self.port = port
    }

    init?(argument: String) {
        guard let colon = argument.lastIndex(of: ":"), let port = UInt16(argument[argument.index(after: colon)...]) else { return nil }
        var host = argument[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard let address = Self.addressBytes(String(host)) else { return nil }
        self.init(address: address, port: port)
    }

    var family: Int32 { address.count == 4 ? AF_INET : AF_INET6 }
    var description: String { address.count == 4 ? "\(addressText):\(port)" : "[\(addressText)]:\(port)" }

    var addressText: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard address.withUnsafeBytes({ inet_ntop(family, $0.baseAddress, &text, socklen_t(text.count)) }) != nil else { return "?" }
        return text.withUnsafeBufferPointer { String(decoding: $0.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self) }
    }

    static func addressBytes(_ text: String) -> [UInt8]? {
        for (family, size) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: size)
            if inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }

    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result) rethrows -> Result {
        address.count == 4 ? try Self.lend(internetAddress, to: body) : try Self.lend(internet6Address, to: body)
    }

    private var internetAddress: sockaddr_in {
        var socketAddress = sockaddr_in()
        socketAddress.sin_family = sa_family_t(AF_INET)
        socketAddress.sin_port = port.bigEndian
        withUnsafeMutableBytes(of: &socketAddress.sin_addr) { $0.copyBytes(from: address) }
        return socketAddress
    }

    private var internet6Address: sockaddr_in6 {
        var socketAddress = sockaddr_in6()
        socketAddress.sin6_family = sa_family_t(AF_INET6)
        socketAddress.sin6_port = port.bigEndian
        withUnsafeMutableBytes(of: &socketAddress.sin6_addr) { $0.copyBytes(from: address) }
        return socketAddress
    }

    private static func lend<Address, Result>(
        _ socketAddress: Address, to body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
    ) rethrows -> Result {
        try withUnsafePointer(to: socketAddress) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, socklen_t(MemoryLayout<Address>.size)) }
        }
    }
}
