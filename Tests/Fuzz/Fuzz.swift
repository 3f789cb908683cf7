import FarmModel
import Glibc
import HealthPolicy
import NetTypes

@testable import HealthProbing
@testable import ProbeExchanges

/// One reader of bytes from outside, named by ZVNFT_FUZZ, fed at once and byte by byte: both have to end alike and in bounded memory.
/// Datagrams come whole.
private let reader: @Sendable () -> any ProbeExchange = {
    let name = getenv("ZVNFT_FUZZ").map { String(cString: $0) } ?? ""
    guard let reader = readers[name] else { fatalError("no such target: \(name)") }
    return reader
}()

private let comesWhole = getenv("ZVNFT_FUZZ").map { String(cString: $0) } == "icmp"

// Ids and tokens are fixed, or no input would be an answer twice.
private let readers: [String: @Sendable () -> any ProbeExchange] = [
    "http": exchange(.http(HTTPCheck(expectBody: "fine", expectPattern: pattern, degradedHeader: HTTPHeader("X-Health: degraded")))),
    "talk": exchange(.talk(SendExpect(send: [1], expect: Array("ababac".utf8)))), "redis": exchange(.redis(Login(password: "secret"))),
    "postgres": exchange(.postgres(Login())), "mysql": exchange(.mysql(Login())), "smtp": exchange(.smtp(SMTPCheck())),
    "grpc": exchange(.grpc(GRPCCheck())), "agent": exchange(.agent([])),
    "dns": { DNSExchange(DNSCheck(query: "www.example", type: .mx, answer: "10 mail.example", isOverTCP: true), id: 0x5A56) },
    "icmp": { ICMPExchange(.ipv4, token: 0x0102_0304_0506_0708) },
    "tls": exchange(.http(HTTPCheck()), ProbeWay(tls: TLSCheck())),
]

private func exchange(_ kind: HealthCheck.Kind, _ way: ProbeWay = ProbeWay()) -> @Sendable () -> any ProbeExchange {
    let target = ProbeTarget(address: IPAddress(v4: 0x7F00_0001), port: 80, check: HealthCheck(kind: kind, way: way))
    return {
        guard let talk = target.exchange(nonce: 1) else { fatalError("not probed") }
        guard let tls = way.tls else { return talk }
        do throws(TLSTrouble) {
            return try TLSExchange(tls, inner: talk, target: target, contexts: &contexts)
        } catch {
            fatalError(error.words)
        }
    }
}

nonisolated(unsafe) private var contexts = TLSContexts()

private let pattern: BytePattern? = {
    do { return try BytePattern("^(up|(a+)+) [0-9]{1,3}s$") } catch { fatalError("\(error)") }
}()

private func outcome(_ bytes: [UInt8], cutInto size: Int) -> ProbeOutcome {
    var talk = reader()
    _ = talk.opened()
    for start in stride(from: 0, to: bytes.count, by: size) {
        switch talk.received(Array(bytes[start..<min(start + size, bytes.count)]).span) {
        case .done(let end), .finish(_, let end): return end
        case .send, .hangUp, .wait: break
        }
    }
    _ = talk.expired()
    return talk.closed()
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let whole = outcome(bytes, cutInto: max(1, count))
    if comesWhole { return 0 }
    precondition(whole == outcome(bytes, cutInto: 1), "an answer means something else in pieces")
    return 0
}
