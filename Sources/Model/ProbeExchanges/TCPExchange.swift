/// A connection that is accepted is all that is asked for. The loop resets it before it acknowledges the SYN-ACK: three packets, and the
/// server never sees a connection.
struct TCPExchange: ProbeExchange {
    func opened() -> ProbeStep { .done(.success("connected")) }
    func received(_ bytes: Span<UInt8>) -> ProbeStep { .done(.success("connected")) }
    func closed() -> ProbeOutcome { .silence("connection closed") }
    func expired() -> ProbeOutcome { .silence("no answer to the connection") }
}
