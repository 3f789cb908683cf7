import Glibc

/// Where the product and the lab are.
enum Programs {
    static let repository: String = {
        // Tests/Netns/DaemonTests/Support/Programs.swift
        let parts = #filePath.split(separator: "/").dropLast(5)
        return "/" + parts.joined(separator: "/")
    }()

    static let zvnftd = binary("zvnftd")
    static let lbctl = binary("lbctl")
    static let farmload = setting("FARMLOAD") ?? binary("farmload")
    static let lab = repository + "/Scripts/lab"
    /// Names of labs begin with it, so that Scripts/test finds what a crash leaves behind.
    static let labPrefix = setting("ZVNFT_LAB_PREFIX") ?? "zvnft-test-\(getpid())"

    private static func binary(_ name: String) -> String { (setting("ZVNFT_BIN") ?? repository + "/.build/release") + "/" + name }

    static func setting(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
