import CLinux
import Glibc

/// One epoll loop that answers streams and datagrams until it is told to stop.
final class Server {
    private let name: String
    private let poller: Poller
    private var listeners: [Int32: ServedStream.Kind] = [:]
    private var datagramEchoes: [Int32: DatagramEcho] = [:]
    private var streams: [Int32: ServedStream] = [:]

    init(name: String) throws {
        self.name = name
        _ = try Socket.raiseDescriptorLimit()
        poller = try Poller()
    }

    func serveStreams(on port: UInt16, as kind: ServedStream.Kind) throws {
        for family in [AF_INET, AF_INET6] {
            let listener = try Socket.listen(on: port, family: family, .stream)
            listeners[listener] = kind
            try poller.add(listener)
        }
    }

    func serveDatagrams(on port: UInt16) throws {
        for family in [AF_INET, AF_INET6] {
            let echo = try DatagramEcho(name: name, port: port, family: family)
            datagramEchoes[echo.descriptor] = echo
            try poller.add(echo.descriptor)
        }
    }

    func run() throws {
        while !poller.stopRequested {
            for ready in try poller.wait(until: nil) { try handle(ready) }
        }
    }

    private func handle(_ ready: Poller.Ready) throws {
        if let kind = listeners[ready.descriptor] {
            try acceptAll(from: ready.descriptor, as: kind)
        } else if let echo = datagramEchoes[ready.descriptor] {
            echo.answerAll()
        } else if ready.isReadable, streams[ready.descriptor]?.answerAll() == .finished {
            streams[ready.descriptor] = nil
            close(ready.descriptor)
        }
    }

    private func acceptAll(from listener: Int32, as kind: ServedStream.Kind) throws {
        while true {
            let stream = clinux_accept4(listener, Int32(SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue))
            guard stream >= 0 else {
                if errno == EINTR || errno == ECONNABORTED { continue }
                return
            }
            streams[stream] = ServedStream(descriptor: stream, kind: kind, name: name)
            try poller.add(stream)
        }
    }
}
