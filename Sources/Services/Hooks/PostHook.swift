import ControlAPI
import Glibc

extension HookSettings.Post {
    private enum Outcome {
        case done
        /// Worth another attempt, or not.
        case failed(String, isFinal: Bool)
    }

    /// Tries as often as it may; nil, or why the last attempt failed.
    func deliver(_ event: EventView, _ retried: () -> Void) -> String? {
        guard let body = try? ControlJSON.encode(event) else { return "the event cannot be written as JSON" }
        var fault = ""
        for attempt in 0..<attempts {
            if attempt > 0 {
                retried()
                sleep(1 << UInt32(min(attempt - 1, 5)))
            }
            switch send(body) {
            case .done: return nil
            case .failed(let words, isFinal: true): return words
            case .failed(let words, isFinal: false): fault = words
            }
        }
        return fault
    }

    private func send(_ body: [UInt8]) -> Outcome {
        let (descriptor, fault) = connected()
        guard descriptor >= 0 else { return .failed(fault, isFinal: false) }
        defer { close(descriptor) }
        let name = host.contains(":") ? "[\(host)]" : host
        let head =
            "POST \(path) HTTP/1.1\r\nHost: \(name):\(port)\r\nUser-Agent: zvnftd\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.count)\r\nConnection: close\r\n\r\n"
        let request = Array(head.utf8) + body
        var sent = 0
        while sent < request.count {
            let count = request[sent...].withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return .failed("not sent: \(words(errno))", isFinal: false) }
            sent += count
        }
        return answer(from: descriptor)
    }

    /// The status line is all that matters.
    private func answer(from descriptor: Int32) -> Outcome {
        var text: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 256)
        while !text.contains(0x0A), text.count < 1_024 {
            let count = recv(descriptor, &part, part.count, 0)
            guard count > 0 else { return .failed(count == 0 ? "no answer" : "no answer: \(words(errno))", isFinal: false) }
            text += part[..<count]
        }
        let parts = String(decoding: text.prefix { $0 != 0x0A }, as: UTF8.self).split(separator: " ")
        guard parts.count > 1, parts[0].hasPrefix("HTTP/1."), let status = Int(parts[1].filter(\.isNumber)) else {
            return .failed("no HTTP", isFinal: true)
        }
        return (200...299).contains(status) ? .done : .failed("status \(status)", isFinal: status < 500)
    }

    private func connected() -> (descriptor: Int32, fault: String) {
        var hints = addrinfo()
        (hints.ai_socktype, hints.ai_flags) = (Int32(SOCK_STREAM.rawValue), AI_NUMERICSERV)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, "\(port)", &hints, &list)
        guard code == 0 else { return (-1, "\(host): \(String(cString: gai_strerror(code)))") }
        defer { freeaddrinfo(list) }
        var fault = "no address"
        var entry = list
        while let found = entry?.pointee {
            let descriptor = socket(found.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var limit = timeval(tv_sec: Int(timeout.components.seconds), tv_usec: Int(timeout.components.attoseconds / 1_000_000_000_000))
            // A connect(2) waits as long as a send may.
            for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
                setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
            }
            if connect(descriptor, found.ai_addr, found.ai_addrlen) == 0 { return (descriptor, "") }
            fault = "no connection: \(words(errno))"
            close(descriptor)
            entry = found.ai_next
        }
        return (-1, fault)
    }
}
