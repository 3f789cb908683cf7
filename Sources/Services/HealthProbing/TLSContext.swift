import COpenSSL
import FarmModel

#if canImport(Glibc)
    import Glibc
#endif

/// Whom a check trusts, read once for all connections that trust alike. Owned by the engine's thread of the moment.
final class TLSContext {
    let pointer: OpaquePointer
    /// The file as it was read: another one under its name is read anew.
    private let stamp: FileStamp?
    private let path: String?

    private init(_ pointer: OpaquePointer, path: String?) {
        self.pointer = pointer
        self.path = path
        stamp = path.flatMap(FileStamp.init)
    }

    deinit { SSL_CTX_free(pointer) }

    var isFresh: Bool { path.flatMap(FileStamp.init) == stamp }

    /// - Parameter ca: a file of trusted certificates; nil for the system's.
    static func make(ca: String?) throws(TLSTrouble) -> TLSContext {
        guard let pointer = SSL_CTX_new(TLS_client_method()) else { throw TLSTrouble(words: "no TLS: \(TLSWords.lastError)") }
        let context = TLSContext(pointer, path: ca)
        // Memory BIOs take what is written whole or in parts, from wherever it lies; idle connections give their buffers back.
        _ = copenssl_set_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER))
        // Certificates are judged after the handshake, when there is something to say about them; nothing of ours is sent before.
        SSL_CTX_set_verify(pointer, SSL_VERIFY_NONE, nil)
        SSL_CTX_set_quiet_shutdown(pointer, 1)
        ERR_clear_error()
        let isLoaded = ca.map { SSL_CTX_load_verify_locations(pointer, $0, nil) } ?? SSL_CTX_set_default_verify_paths(pointer)
        guard isLoaded == 1 else { throw TLSTrouble(words: "tls.ca \(ca ?? "") cannot be read: \(TLSWords.lastError)") }
        return context
    }
}

/// Our own trouble with TLS: a file that cannot be read, no memory.
struct TLSTrouble: Error {
    let words: String
}

/// What tells that a file has changed.
private struct FileStamp: Equatable {
    let inode: UInt64
    let size, seconds, nanoseconds: Int

    init?(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        inode = UInt64(status.st_ino)
        (size, seconds, nanoseconds) = (Int(status.st_size), status.st_mtim.tv_sec, status.st_mtim.tv_nsec)
    }
}

/// The contexts in use, one for each file of certificates.
struct TLSContexts {
    private var contexts: [String?: TLSContext] = [:]

    /// Connections that stand keep the context that they began with.
    mutating func context(ca: String?) throws(TLSTrouble) -> TLSContext {
        if let known = contexts[ca], known.isFresh { return known }
        let made = try TLSContext.make(ca: ca)
        contexts[ca] = made
        return made
    }
}
