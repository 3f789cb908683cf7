import Glibc

/// Commands in the namespace of the calling thread.
public enum Shell {
    /// Returns what it printed; throws when it fails.
    @discardableResult
    public static func run(_ command: String) throws -> String {
        let (output, status) = try attempt(command)
        guard status == 0 else { throw TestFault("\(command.prefix(400)): status \(status): \(output.prefix(2000))") }
        return output
    }

    public static func attempt(_ command: String) throws -> (output: String, status: Int32) {
        guard let pipe = popen("{ \(command)\n} 2>&1", "r") else { throw TestFault("cannot run \(command.prefix(400))") }
        var (output, buffer): ([UInt8], [UInt8]) = ([], [UInt8](repeating: 0, count: 65536))
        while true {
            let count = fread(&buffer, 1, buffer.count, pipe)
            guard count > 0 else { break }
            output += buffer[..<count]
        }
        return (String(decoding: output, as: UTF8.self), pclose(pipe))
    }

    /// What `nft` lists, without the line of table flags, which no nft of this version loads back.
    public static func listing() throws -> String {
        try run("nft list ruleset").split(separator: "\n", omittingEmptySubsequences: false)
            .filter { !$0.hasPrefix("\tflags") && !$0.hasPrefix("# Warning: table") }.joined(separator: "\n")
    }

    /// Loads nft text.
    public static func load(_ text: String) throws {
        let path = "/tmp/\(Namespace.prefix)-\(getpid())-\(UInt32.random(in: 0...UInt32.max)).nft"
        guard let file = fopen(path, "w") else { throw TestFault("cannot write \(path)") }
        fputs(text, file)
        fclose(file)
        defer { unlink(path) }
        try run("nft -f \(path)")
    }
}
