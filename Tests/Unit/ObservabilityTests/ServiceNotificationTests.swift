import Glibc
import Observability
import Testing

/// systemd's side of sd_notify(3): a datagram socket. In one test, as the environment is the process's.
@Suite(.serialized) struct ServiceNotificationTests {
    private func listener(_ name: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var octets = Array(name.utf8)
        if octets.first == UInt8(ascii: "@") { octets[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: octets) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + octets.count)
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, length) == 0 }
        }
        try #require(isBound)
        return descriptor
    }

    private func received(_ descriptor: Int32) -> String? {
        var octets = [UInt8](repeating: 0, count: 4_096)
        let count = recv(descriptor, &octets, octets.count, Int32(MSG_DONTWAIT))
        return count > 0 ? String(decoding: octets[..<count], as: UTF8.self) : nil
    }

    @Test(arguments: ["/tmp/zvnft-notify-\(getpid())", "@zvnft-notify-\(getpid())"])
    func statesArriveAtSystemd(path: String) throws {
        let descriptor = try listener(path)
        defer {
            close(descriptor)
            unlink(path)
            unsetenv("NOTIFY_SOCKET")
        }
        setenv("NOTIFY_SOCKET", path, 1)
        let notification = try #require(ServiceNotification())
        notification.send(.ready)
        #expect(received(descriptor) == "READY=1")
        notification.send(.stopping, status: "cleared")
        #expect(received(descriptor) == "STOPPING=1\nSTATUS=cleared")
        notification.send(.reloading)
        let text = try #require(received(descriptor))
        #expect(try /RELOADING=1\nMONOTONIC_USEC=\d+/.wholeMatch(in: text) != nil, "Type=notify-reload asks for the time")
    }

    @Test func withoutSystemdNobodyIsTold() {
        unsetenv("NOTIFY_SOCKET")
        #expect(ServiceNotification() == nil)
    }

    @Test func aListenerThatIsGoneOrUnnamableIsNoFault() throws {
        defer { unsetenv("NOTIFY_SOCKET") }
        for path in ["/tmp/zvnft-nobody-\(getpid())", "/" + String(repeating: "x", count: 300), ""] {
            setenv("NOTIFY_SOCKET", path, 1)
            ServiceNotification()?.send(.ready)
        }
    }
}
