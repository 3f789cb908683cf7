import COpenSSL

/// The server's end of a TLS connection between byte strings, with a certificate that it makes itself.
final class TLSPeer {
    struct Trouble: Error {}

    private let context, ssl, input, output: OpaquePointer

    init() throws {
        guard let context = SSL_CTX_new(TLS_server_method()) else { throw Trouble() }
        try Self.equip(context)
        guard let ssl = SSL_new(context), let input = BIO_new(BIO_s_mem()), let output = BIO_new(BIO_s_mem()) else { throw Trouble() }
        SSL_set_bio(ssl, input, output)
        SSL_set_accept_state(ssl)
        (self.context, self.ssl, self.input, self.output) = (context, ssl, input, output)
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
    }

    private static func equip(_ context: OpaquePointer) throws {
        guard let maker = EVP_PKEY_CTX_new_id(NID_ED25519, nil), let certificate = X509_new() else { throw Trouble() }
        defer {
            EVP_PKEY_CTX_free(maker)
            X509_free(certificate)
        }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(maker) == 1, EVP_PKEY_keygen(maker, &key) == 1 else { throw Trouble() }
        defer { EVP_PKEY_free(key) }
        X509_gmtime_adj(X509_getm_notBefore(certificate), 0)
        X509_gmtime_adj(X509_getm_notAfter(certificate), 100 * 86_400)
        guard X509_set_version(certificate, 2) == 1, X509_set_pubkey(certificate, key) == 1, X509_sign(certificate, key, nil) > 0,
            SSL_CTX_use_certificate(context, certificate) == 1, SSL_CTX_use_PrivateKey(context, key) == 1
        else { throw Trouble() }
    }

    /// Takes ciphertext and gives the text that is in it; the handshake goes on by itself.
    func read(_ bytes: [UInt8]) -> String {
        BIO_write(input, bytes, Int32(bytes.count))
        var (text, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 4096))
        while true {
            let count = SSL_read(ssl, &buffer, Int32(buffer.count))
            guard count > 0 else { return String(decoding: text, as: UTF8.self) }
            text += buffer.prefix(Int(count))
        }
    }

    /// As one record.
    func write(_ text: String) { SSL_write(ssl, Array(text.utf8), Int32(text.utf8.count)) }

    /// Says that it goes on with other keys: a record without text (RFC 8446 § 4.6.3).
    func updateKeys() {
        SSL_key_update(ssl, SSL_KEY_UPDATE_NOT_REQUESTED)
        SSL_do_handshake(ssl)
    }

    /// Ciphertext for the client.
    func takeOutput() -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(copenssl_pending(output)))
        let count = BIO_read(output, &bytes, Int32(bytes.count))
        return Array(bytes.prefix(Int(max(0, count))))
    }
}
