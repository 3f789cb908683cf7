import FarmModel
import Glibc
import HealthPolicy
import NetTypes

@testable import HealthProbing

/// One parser of bytes from outside, named by ZVNFT_FUZZ, fed at once and byte by byte: both have to end alike and in bounded memory.
private let target: ProbeTarget = {
    let name = getenv("ZVNFT_FUZZ").map { String(cString: $0) } ?? ""
    guard let kind = kinds[name] else { fatalError("no such target: \(name)") }
    return ProbeTarget(address: IPAddress(v4: 0x7F00_0001), port: 80, check: HealthCheck(kind: kind))
}()

private let kinds: [String: HealthCheck.Kind] = [
    "http": .http(HTTPCheck(expectBody: "fine", expectPattern: pattern, degradedHeader: HTTPHeader("X-Health: degraded"))),
    "talk": .talk(SendExpect(send: [1], expect: Array("ababac".utf8))), "redis": .redis(Login(password: "secret")),
    "postgres": .postgres(Login()), "mysql": .mysql(Login()), "smtp": .smtp(SMTPCheck()), "grpc": .grpc(GRPCCheck()), "agent": .agent([]),
]

private let pattern: BytePattern? = {
    do { return try BytePattern("^(up|(a+)+) [0-9]{1,3}s$") } catch { fatalError("\(error)") }
}()

private func outcome(_ bytes: [UInt8], cutInto size: Int) -> ProbeOutcome {
    guard var talk = target.exchange() else { fatalError("not probed") }
    _ = talk.opened()
    for start in stride(from: 0, to: bytes.count, by: size) {
        if case .done(let end) = talk.received(Array(bytes[start..<min(start + size, bytes.count)]).span) { return end }
    }
    _ = talk.expired()
    return talk.closed()
}

@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let whole = outcome(bytes, cutInto: max(1, count))
    precondition(whole == outcome(bytes, cutInto: 1), "an answer means something else in pieces")
    return 0
}
