import FarmModel
import HealthPolicy
import NetTypes
import ProbeExchanges

/// Another exchange inside TLS. The certificate is judged when the handshake is done, before a word of the inner talk is said.
struct TLSExchange: ProbeExchange {
    /// Of ciphertext in one probe: more than any inner exchange reads, with what TLS adds.
    static let longestAnswer = 1 << 20
    /// Seconds. A connection that is kept shows no new certificate; after this time it is opened anew to see it.
    static let longestLife: Int64 = 600

    private let check: TLSCheck
    private let session: TLSSession
    private let clock: @Sendable () -> MonotonicInstant
    private var inner: any ProbeExchange
    private var certificate: TLSCertificate?
    private var establishedAt: MonotonicInstant?
    private var count = 0

    init(_ check: TLSCheck, session: TLSSession, inner: any ProbeExchange, clock: @escaping @Sendable () -> MonotonicInstant) {
        (self.check, self.session, self.inner, self.clock) = (check, session, inner, clock)
    }

    /// For a target, with whom its check trusts.
    init(_ check: TLSCheck, inner: any ProbeExchange, target: ProbeTarget, contexts: inout TLSContexts) throws(TLSTrouble) {
        let context = try contexts.context(ca: check.ca)
        let name = check.serverName ?? target.check.kind.serverName
        let session = try TLSSession(
            context, name: name ?? target.authority.address.description, isAddress: (name.map { IPAddress($0) != nil }) ?? true,
            alpn: target.check.kind.alpn)
        self.init(check, session: session, inner: inner, clock: { .now })
    }

    mutating func opened() -> ProbeStep {
        count = 0
        guard session.isEstablished else { return shakeHands() }
        return passOn(inner.opened())
    }

    mutating func received(_ bytes: Span<UInt8>) -> ProbeStep {
        count += bytes.count
        guard count <= Self.longestAnswer else { return .done(.failure("TLS answer longer than 1 MiB")) }
        session.take(bytes)
        return session.isEstablished ? read() : shakeHands()
    }

    mutating func closed() -> ProbeOutcome {
        session.isEstablished ? described(inner.closed()) : .silence("closed within the TLS handshake")
    }

    func expired() -> ProbeOutcome { session.isEstablished ? described(inner.expired()) : .silence("TLS handshake not complete") }

    var isReusable: Bool {
        guard let establishedAt, let certificate, inner.isReusable, session.isDrained else { return false }
        return certificate.daysLeft > 0 && establishedAt.duration(to: clock()) < .seconds(Self.longestLife)
    }

    mutating func rest() { inner.rest() }

    /// Tickets for later sessions come when they like. What is not a whole record may become an answer that nobody has asked for.
    mutating func receivedWhileIdle(_ bytes: Span<UInt8>) -> Bool {
        session.take(bytes)
        var (buffer, hasText) = (Self.buffer, false)
        let progress = session.read(into: &buffer) { _ in
            hasText = true
            return false
        }
        return progress == .more && !hasText && session.isDrained
    }

    private mutating func shakeHands() -> ProbeStep {
        switch session.shakeHands() {
        case .more: break
        case .closed: return .done(.silence("closed within the TLS handshake"))
        case .failed(let words): return .done(.failure("TLS handshake failed: \(words)"))
        }
        guard session.isEstablished else { return flushed(.wait) }
        establishedAt = clock()
        certificate = session.certificate()
        if check.verify {
            guard let certificate else { return .done(.failure("no certificate")) }
            if let fault = certificate.fault { return .done(.failure(fault)) }
        }
        let first = passOn(inner.opened())
        // What came with the end of the handshake: tickets, or the greeting of a server that speaks first.
        switch first {
        case .wait: return read()
        case .send(let bytes): return joined(bytes, read())
        default: return first
        }
    }

    private mutating func read() -> ProbeStep {
        var (buffer, step) = (Self.buffer, ProbeStep.wait)
        var inner = self.inner
        var written: TLSSession.Progress = .more
        let progress = session.read(into: &buffer) { bytes in
            step = inner.received(bytes)
            guard case .send(let answer) = step else { return step == .wait }
            written = session.write(answer)
            return written == .more
        }
        self.inner = inner
        if case .done(let outcome) = step { return ended(outcome) }
        if case .finish(let bytes, let outcome) = step {
            _ = session.write(bytes)
            return ended(outcome)
        }
        switch progress == .more ? written : progress {
        case .more: return flushed(.wait)
        case .closed: return .done(described(self.inner.closed()))
        case .failed(let words): return .done(.failure("TLS failed: \(words)"))
        }
    }

    /// What the inner talk wants, in ciphertext.
    private func passOn(_ step: ProbeStep) -> ProbeStep {
        switch step {
        // The end of what is sent would be an alert of its own; no talk within TLS ends so.
        case .wait, .hangUp: return flushed(.wait)
        case .done(let outcome): return ended(outcome)
        case .finish(let bytes, let outcome):
            _ = session.write(bytes)
            return ended(outcome)
        case .send(let bytes):
            if case .failed(let words) = session.write(bytes) { return .done(.failure("TLS failed: \(words)")) }
            return flushed(.wait)
        }
    }

    /// With what TLS still has to say, so that a handshake is whole on both sides.
    private func ended(_ outcome: ProbeOutcome) -> ProbeStep {
        let output = session.takeOutput()
        return output.isEmpty ? .done(described(outcome)) : .finish(output, described(outcome))
    }

    private func flushed(_ step: ProbeStep) -> ProbeStep {
        let output = session.takeOutput()
        return output.isEmpty ? step : .send(output)
    }

    private func joined(_ bytes: [UInt8], _ step: ProbeStep) -> ProbeStep {
        switch step {
        case .send(let more): .send(bytes + more)
        case .wait, .hangUp: .send(bytes)
        case .finish(let more, let outcome): .finish(bytes + more, outcome)
        case .done: step
        }
    }

    /// A success says how long the certificate lasts, and warns when that is not long.
    private func described(_ outcome: ProbeOutcome) -> ProbeOutcome {
        guard case .success(let words, var advice) = outcome, let certificate else { return outcome }
        let isNear = certificate.daysLeft < check.daysLeft
        if isNear {
            advice = advice ?? ProbeAdvice()
            advice?.isDegraded = true
        }
        let end = isNear ? "certificate ends in \(certificate.daysLeft) day\(certificate.daysLeft == 1 ? "" : "s")" : "certificate until"
        return .success("\(words), \(session.version), \(end)\(isNear ? "," : "") \(certificate.lastDay)", advice: advice)
    }

    private static var buffer: [UInt8] { [UInt8](repeating: 0, count: 4096) }
}

extension HealthCheck.Kind {
    /// The name of the host as the talk says it, without a port.
    fileprivate var serverName: String? {
        guard case .http(let check) = self, let host = check.host else { return nil }
        if host.hasPrefix("[") { return String(host.dropFirst().prefix { $0 != "]" }) }
        return String(host.prefix { $0 != ":" })
    }

    /// The protocol to be agreed on (RFC 7301).
    fileprivate var alpn: String? {
        switch self {
        case .http: "http/1.1"
        default: nil
        }
    }
}
