import COpenSSL

#if canImport(Glibc)
    import Glibc
#endif

/// One TLS connection between byte strings: what came in, what goes out. It knows no socket.
final class TLSSession {
    /// What the other side has said so far.
    enum Progress: Equatable {
        case more
        /// The peer has ended the talk as TLS wants it.
        case closed
        case failed(String)
    }

    private let ssl: OpaquePointer
    private let input, output: OpaquePointer
    /// Keeps what the connection was made of.
    private let context: TLSContext
    private(set) var isEstablished = false

    /// - Parameters:
    ///   - name: asked for and held against the certificate; an address is only held against it (RFC 6066 § 3).
    ///   - alpn: the protocol to be spoken inside; nil leaves it open.
    init(_ context: TLSContext, name: String, isAddress: Bool, alpn: String?) throws(TLSTrouble) {
        guard let ssl = SSL_new(context.pointer) else { throw TLSTrouble(words: "no TLS: \(TLSWords.lastError)") }
        guard let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem()) else {
            SSL_free(ssl)
            throw TLSTrouble(words: "no memory for TLS")
        }
        SSL_set_bio(ssl, input, output)
        SSL_set_connect_state(ssl)
        (self.ssl, self.input, self.output, self.context) = (ssl, input, output, context)
        if isAddress {
            _ = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name)
        } else {
            _ = copenssl_set_host_name(ssl, name)
            _ = SSL_set1_host(ssl, name)
        }
        if let alpn {
            let list = [UInt8(alpn.utf8.count)] + Array(alpn.utf8)
            _ = SSL_set_alpn_protos(ssl, list, UInt32(list.count))
        }
    }

    // The session owns its BIOs.
    deinit { SSL_free(ssl) }

    /// Takes ciphertext in.
    func take(_ bytes: Span<UInt8>) { _ = bytes.withUnsafeBufferPointer { BIO_write(input, $0.baseAddress, Int32($0.count)) } }

    func shakeHands() -> Progress {
        ERR_clear_error()
        let code = SSL_do_handshake(ssl)
        isEstablished = code == 1
        return isEstablished ? .more : progress(after: code)
    }

    /// Takes plaintext for the peer.
    func write(_ bytes: [UInt8]) -> Progress {
        guard !bytes.isEmpty else { return .more }
        ERR_clear_error()
        let code = SSL_write(ssl, bytes, Int32(bytes.count))
        return code > 0 ? .more : progress(after: code)
    }

    /// Gives plaintext piece by piece until there is none, or until `body` says that it has enough.
    func read(into buffer: inout [UInt8], _ body: (Span<UInt8>) -> Bool) -> Progress {
        while true {
            ERR_clear_error()
            let count = SSL_read(ssl, &buffer, Int32(buffer.count))
            guard count > 0 else { return progress(after: count) }
            guard body(buffer.span.extracting(0..<Int(count))) else { return .more }
        }
    }

    /// Whether all that came in has been read.
    var isDrained: Bool { SSL_has_pending(ssl) == 0 && copenssl_pending(input) == 0 }

    /// Ciphertext for the peer.
    func takeOutput() -> [UInt8] {
        let count = Int(copenssl_pending(output))
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, used in
            used = max(0, Int(BIO_read(output, buffer.baseAddress, Int32(count))))
        }
    }

    private func progress(after code: Int32) -> Progress {
        switch SSL_get_error(ssl, code) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: .more
        case SSL_ERROR_ZERO_RETURN: .closed
        default: .failed(TLSWords.lastError)
        }
    }

    /// "TLSv1.3"
    var version: String { String(cString: SSL_get_version(ssl)) }

    /// What the peer has shown; nil when it showed nothing.
    func certificate() -> TLSCertificate? {
        guard let certificate = SSL_get0_peer_certificate(ssl) else { return nil }
        return TLSCertificate(certificate, verifyResult: SSL_get_verify_result(ssl))
    }
}
