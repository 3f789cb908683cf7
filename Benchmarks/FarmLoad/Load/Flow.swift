import CLinux
import Glibc

/// One client socket: it connects, sends a request and collects the answer. It never blocks.
struct Flow {
    enum Progress: Equatable {
        case waiting
        case answered(backend: String)
        case failed(FailureKind)
    }

    let number: Int
    let descriptor: Int32
    let exchange: Exchange
    let started: Monotonic
    private(set) var isConnected = false
    private var request: [UInt8] = []
    private var received: [UInt8] = []

    /// Opens the socket and starts to connect; throws when the client itself lacks something.
    init(number: Int, exchange: Exchange, to target: Endpoint, from source: Endpoint?) throws {
        self.number = number
        self.exchange = exchange
        started = .now()
        descriptor = try Socket.open(target.family, exchange.isDatagram ? .datagram : .stream)
        do {
            if !exchange.isDatagram { try Socket.resetOnClose(descriptor) }
            if let source {
                // The addresses are routed to the client as a whole prefix and stand on no device.
                try Socket.set(descriptor, SOL_IP, IP_FREEBIND)
                try Socket.bind(descriptor, to: source)
            }
            isConnected = try Socket.connect(descriptor, to: target)
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    func close() { Glibc.close(descriptor) }

    /// Sends the next request, or keeps it until the connection stands.
    mutating func ask(_ words: String, of target: Endpoint) -> Progress {
        request = exchange.request(words, to: target)
        received.removeAll(keepingCapacity: true)
        return isConnected ? send() : .waiting
    }

    mutating func handle(_ ready: Poller.Ready) -> Progress {
        if !isConnected {
            guard ready.isWritable || ready.isReadable else { return .waiting }
            let code = Socket.pendingError(descriptor)
            guard code == 0 else { return .failed(FailureKind(code: code)) }
            isConnected = true
            if case .failed(let kind) = send() { return .failed(kind) }
        }
        return ready.isReadable ? receive() : .waiting
    }

    private func send() -> Progress {
        let sent = Glibc.send(descriptor, request, request.count, Int32(MSG_NOSIGNAL))
        return sent == request.count ? .waiting : .failed(FailureKind(code: sent < 0 ? errno : EPIPE))
    }

    private mutating func receive() -> Progress {
        while true {
            let count = receiveSome()
            if count == 0 && !exchange.isDatagram { return .failed(.shortAnswer) }
            guard count >= 0 else { return errno == EAGAIN || errno == EINTR ? .waiting : .failed(FailureKind(code: errno)) }
            switch exchange.answer(in: received, to: request) {
            case .complete(let backend): return .answered(backend: backend)
            case .bad: return .failed(.badAnswer)
            case .incomplete: continue
            }
        }
    }

    private mutating func receiveSome() -> Int {
        withUnsafeTemporaryAllocation(byteCount: 2048, alignment: 1) { buffer in
            let count = recv(descriptor, buffer.baseAddress, buffer.count, 0)
            if count > 0 { received.append(contentsOf: buffer[..<count]) }
            return count
        }
    }
}
