import NIOCore
import Synchronization

/// How many connections are open, shared by the handlers of all of them.
final class ConnectionSeats: Sendable {
    private let limit: Int
    private let taken = Atomic<Int>(0)

    init(limit: Int) { self.limit = limit }

    func take() -> Bool { taken.add(1, ordering: .relaxed).newValue <= limit }
    func leave() { taken.subtract(1, ordering: .relaxed) }
}

/// Closes a connection that finds no seat. Waiting in the backlog instead would let idle connections hold up the operator in silence.
final class ConnectionGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private let seats: ConnectionSeats
    private var hasSeat = false

    init(seats: ConnectionSeats) { self.seats = seats }

    func handlerAdded(context: ChannelHandlerContext) {
        hasSeat = seats.take()
        // What is refused counts as open until it is gone: `handlerRemoved` gives back either way.
        if !hasSeat, context.channel.isActive { context.close(promise: nil) }
    }

    func channelActive(context: ChannelHandlerContext) {
        guard hasSeat else { return context.close(promise: nil) }
        context.fireChannelActive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { seats.leave() }
}
