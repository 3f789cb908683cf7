import Glibc

/// Tells systemd how the service stands (sd_notify(3)); does nothing when NOTIFY_SOCKET is not set.
public struct ServiceNotification: Sendable {
    public enum State: String, Sendable {
        case ready = "READY=1"
        case reloading = "RELOADING=1"
        case stopping = "STOPPING=1"
    }

    private let path: String

    /// Nil when nobody wants to know.
    public init?() {
        guard let value = getenv("NOTIFY_SOCKET") else { return nil }
        path = String(cString: value)
    }

    /// Sends the state, with a line for `systemctl status`. A listener that is gone is no fault of ours.
    public func send(_ state: State, status: String? = nil) {
        var text = state.rawValue
        if state == .reloading { text += "\nMONOTONIC_USEC=\(Self.monotonicMicroseconds)" }
        if let status { text += "\nSTATUS=\(status)" }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var name = Array(path.utf8)
        guard name.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        // "@" stands for the NUL of an abstract address.
        if name.first == UInt8(ascii: "@") { name[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let length = socklen_t(MemoryLayout.offset(of: \sockaddr_un.sun_path).map { $0 + name.count } ?? MemoryLayout<sockaddr_un>.size)
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        let octets = Array(text.utf8)
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = sendto(descriptor, octets, octets.count, 0, $0, length) }
        }
    }

    private static var monotonicMicroseconds: Int {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return now.tv_sec * 1_000_000 + now.tv_nsec / 1_000
    }
}
