import Glibc
import TestNamespaces

/// Text for nft, which reads from files only without losing errors.
enum NftFile {
    /// The file is gone afterwards.
    static func with<Value>(_ text: String, _ body: (String) throws -> Value) throws -> Value {
        let path = "/tmp/zk-corpus-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).nft"
        guard let file = fopen(path, "w") else { throw TestFault("cannot write \(path)") }
        defer { unlink(path) }
        fputs(text, file)
        fclose(file)
        return try body(path)
    }
}
