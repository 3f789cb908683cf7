import ControlAPI
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// The process's one event loop. It lives as long as the process: starting and stopping one a call would cost more than the call.
private let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)

/// Answers are rulesets at most; more than this is not the daemon.
private let answerBytes = 256 << 20

extension ControlClient {
    typealias Wire = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>

    /// Sends the request and returns the body of a good answer, which may take its time while the daemon lives.
    func exchange(_ request: ControlRequest) async throws -> [UInt8] {
        try await patiently { try await answer(to: request) }
    }

    /// Sends the request and returns the body of a good answer.
    func answer(to request: ControlRequest) async throws -> [UInt8] {
        let wire = try await connected()
        let deadline = Deadline { wire.channel.close(promise: nil) }
        let timer = wire.channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) { deadline.pass() }
        defer { timer.cancel() }
        return try await session(wire, request) { head, parts in
            guard let body = try await body(from: &parts) else { throw silence(deadline) }
            return try checked(head, body)
        } silent: {
            silence(deadline)
        }
    }

    /// Runs `read` on the answer once its head is there; `silent` says what to throw when the connection ends before.
    func session<Outcome: Sendable>(
        _ wire: Wire, _ request: ControlRequest,
        read: (HTTPResponseHead, inout NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator) async throws -> Outcome,
        silent: () -> Unreachable
    ) async throws -> Outcome {
        // A result, as the outcome counts more than a fault of closing, which would be thrown in its place.
        var outcome: Result<Outcome, any Error>?
        do {
            try await wire.executeThenClose { inbound, outbound in
                do {
                    try await outbound.write(contentsOf: request.parts)
                    var parts = inbound.makeAsyncIterator()
                    guard case .head(let head)? = try await parts.next() else { return }
                    outcome = .success(try await read(head, &parts))
                } catch {
                    outcome = .failure(error)
                }
            }
        } catch is ChannelError {}
        do {
            // What to say of an end without an answer depends on when it came.
            guard let outcome else { throw silent() }
            return try outcome.get()
        } catch is ChannelError {
            throw silent()
        } catch is IOError {
            throw silent()
        } catch is NIOAsyncWriterError {
            // The time was over, or the other end gone, before the request was written.
            throw silent()
        } catch let error as HTTPParserError {
            throw unreachable("does not speak HTTP (\(error))")
        }
    }

    func connected() async throws -> Wire {
        do {
            return try await ClientBootstrap(group: loop).connect(unixDomainSocketPath: socketPath) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try Wire(wrappingChannelSynchronously: channel)
                }
            }
        } catch {
            throw Unreachable(socketPath: socketPath, connecting: error)
        }
    }

    /// Nil when the connection ends before the body does.
    func body(from parts: inout NIOAsyncChannelInboundStream<HTTPClientResponsePart>.AsyncIterator) async throws -> [UInt8]? {
        var bytes: [UInt8] = []
        while let part = try await parts.next() {
            switch part {
            case .head: continue
            case .body(let buffer): bytes.append(contentsOf: buffer.readableBytesView)
            case .end: return bytes
            }
            guard bytes.count <= answerBytes else { throw unreachable("answers without end") }
        }
        return nil
    }

    func checked(_ head: HTTPResponseHead, _ body: [UInt8]) throws -> [UInt8] {
        guard head.status.code >= 300 else { return body }
        // What is no problem document is shown as it is.
        if let problem = try? ControlJSON.decode(Problem.self, from: body) { throw problem }
        let text = String(decoding: body.prefix(200), as: UTF8.self)
        throw Problem(title: head.status.reasonPhrase, status: Int(head.status.code), detail: text)
    }

    private func silence(_ deadline: Deadline) -> Unreachable {
        guard deadline.isPast else { return unreachable("closed the connection without an answer: busy, or stopping") }
        return Unreachable(
            socketPath: socketPath, reason: "lives, and did not answer this within \(timeout); what was asked for may still be done",
            isSilence: true)
    }
}

/// Whether time was over when an exchange ended: the clocks of the event loop and of the process may disagree by a moment.
private final class Deadline: Sendable {
    private let hasPassed = Atomic(false)
    private let onPassing: @Sendable () -> Void

    init(_ onPassing: @escaping @Sendable () -> Void) { self.onPassing = onPassing }

    var isPast: Bool { hasPassed.load(ordering: .acquiring) }

    func pass() {
        hasPassed.store(true, ordering: .releasing)
        onPassing()
    }
}
