// swift-tools-version: 6.1
// The floor plan: one line a room, with the rooms it may use. Arrows point down only (docs/design/building.md).
import PackageDescription

let yams: Target.Dependency = "Yams"
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let nio: [Target.Dependency] = ["NIOCore", "NIOPosix", "NIOHTTP1"].map { .product(name: $0, package: "swift-nio") }

/// Tests look inside in release too, so that one build serves the tests, the demo and the benchmarks.
let testable: [SwiftSetting] = [.unsafeFlags(["-enable-testing"])]

func room(_ floor: String, _ name: String, uses: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: uses, path: "Sources/\(floor)/\(name)", swiftSettings: testable)
}
func library(_ name: String, pkgConfig: String, apt: String) -> Target {
    .systemLibrary(name: name, path: "Sources/System/\(name)", pkgConfig: pkgConfig, providers: [.apt([apt])])
}
func app(_ name: String, uses: [Target.Dependency], path: String? = nil) -> Target {
    .executableTarget(name: name, dependencies: uses, path: path ?? "Sources/Apps/\(name)")
}
func tests(_ name: String, of uses: [Target.Dependency], in folder: String = "Unit") -> Target {
    .testTarget(name: name, dependencies: uses, path: "Tests/\(folder)/\(name)")
}

let package = Package(
    name: "zvnft",
    products: [.executable(name: "zvnftd", targets: ["zvnftd"]), .executable(name: "lbctl", targets: ["lbctl"])],
    dependencies: [
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    ],
    targets: [
        // System: the C world, no decisions.
        library("CNetfilter", pkgConfig: "libnftnl", apt: "libnftnl-dev"),
        library("CRoute", pkgConfig: "libnl-route-3.0", apt: "libnl-route-3-dev"),
        library("COpenSSL", pkgConfig: "libssl", apt: "libssl-dev"),
        .target(name: "CLinux", path: "Sources/System/CLinux", cSettings: [.define("_GNU_SOURCE")]),
        room("System", "Threads", uses: ["CLinux"]),
        room("System", "Processes"),

        // Model: pure values and decisions; no clock, file, socket or logger.
        room("Model", "NetTypes"),
        room("Model", "FarmModel", uses: ["NetTypes"]),
        room("Model", "FarmConfig", uses: ["FarmModel", "NetTypes", yams]),
        room("Model", "Ruleset", uses: ["NetTypes"]),
        room("Model", "RulesetCompiler", uses: ["Ruleset", "FarmModel", "NetTypes"]),
        room("Model", "HealthPolicy", uses: ["FarmModel", "NetTypes"]),
        room("Model", "ProbeExchanges", uses: ["HealthPolicy", "FarmModel", "NetTypes"]),
        room("Model", "ReconcilePolicy", uses: ["RulesetCompiler", "Ruleset", "HealthPolicy", "FarmModel", "NetTypes"]),
        room("Model", "ControlAPI"),
        room("Model", "Seams", uses: ["Ruleset", "HealthPolicy", "FarmModel", "NetTypes"]),

        // Kernel: the only floor that opens netlink sockets.
        room("Kernel", "NetfilterDriver", uses: ["Seams", "Ruleset", "NetTypes", "CNetfilter", "CLinux", "Processes"]),
        room("Kernel", "KernelEvents", uses: ["Seams", "NetTypes", "CNetfilter", "CRoute", "CLinux", "Threads", "Processes"]),

        // Services: long-running parts; they know the kernel by the protocols of Seams.
        room("Services", "FarmWatching", uses: ["FarmConfig", "FarmModel", "CLinux", "Threads"]),
        room("Services", "HealthProbing", uses: ["ProbeExchanges", "HealthPolicy", "FarmModel", "NetTypes", "CLinux", "COpenSSL", "Threads"]),
        room("Services", "Reconciling", uses: ["Seams", "ReconcilePolicy", "RulesetCompiler", "Ruleset", "HealthPolicy", "ControlAPI", "FarmConfig", "FarmModel", "NetTypes", "Threads", log]),
        room("Services", "StateKeeping", uses: ["Seams"]),
        room("Services", "ControlServer", uses: ["ControlAPI", "Processes", hummingbird, lifecycle, log] + nio),
        room("Services", "ControlClient", uses: ["ControlAPI"] + nio),
        room("Services", "Hooks", uses: ["ControlAPI", "CLinux", "Threads", log]),
        room("Services", "Observability", uses: [log]),

        // Apps: composition and the command line.
        room("Apps", "Daemon", uses: [
            "NetfilterDriver", "KernelEvents", "FarmWatching", "HealthProbing", "Reconciling", "StateKeeping", "ControlServer", "Observability",
            "Hooks", "Seams", "ReconcilePolicy", "RulesetCompiler", "Ruleset", "HealthPolicy", "ControlAPI", "FarmConfig", "FarmModel", "NetTypes", "CLinux", "Processes",
            yams, log, arguments, lifecycle, .product(name: "UnixSignals", package: "swift-service-lifecycle"),
        ]),
        room("Apps", "Commands", uses: [
            "ControlClient", "ControlAPI", "FarmWatching", "FarmConfig", "FarmModel", "ReconcilePolicy", "RulesetCompiler", "Ruleset", "NetTypes", arguments,
        ]),
        app("zvnftd", uses: ["Daemon"]),
        app("lbctl", uses: ["Commands"]),

        // Tools of the lab, the demo and the benchmarks.
        app("farmload", uses: ["CLinux", arguments], path: "Benchmarks/FarmLoad"),

        .target(
            name: "CorpusCases", dependencies: ["ReconcilePolicy", "RulesetCompiler", "Ruleset", "HealthPolicy", "FarmConfig", "FarmModel", "NetTypes"],
            path: "Tests/Support/CorpusCases"),
        .target(name: "ModelDriver", dependencies: ["Seams", "Ruleset"], path: "Tests/Support/ModelDriver"),
        .target(name: "TestNamespaces", dependencies: ["Threads", "CLinux"], path: "Tests/Support/TestNamespaces"),

        // Tests: Unit needs seconds and no root, Netns the real kernel.
        tests("LayerTests", of: []),
        tests("ProcessesTests", of: ["Processes"]),
        tests("FarmConfigTests", of: ["FarmConfig", "FarmModel", "NetTypes", yams]),
        tests("RulesetTests", of: ["Ruleset", "NetTypes"]),
        tests("RulesetCompilerTests", of: ["RulesetCompiler", "Ruleset", "FarmModel", "NetTypes"]),
        tests("ReconcilePolicyTests", of: ["ReconcilePolicy", "RulesetCompiler", "Ruleset", "HealthPolicy", "FarmModel", "NetTypes"]),
        tests("HealthPolicyTests", of: ["HealthPolicy", "FarmModel"]),
        tests("ProbeExchangesTests", of: ["ProbeExchanges", "HealthPolicy", "FarmModel", "NetTypes"]),
        tests("HealthProbingTests", of: ["HealthProbing", "ProbeExchanges", "HealthPolicy", "FarmModel", "NetTypes", "Threads", "COpenSSL"]),
        tests("FarmWatchingTests", of: ["FarmWatching", "FarmConfig"]),
        tests("StateKeepingTests", of: ["StateKeeping", "Seams"]),
        tests("ReconcilingTests", of: [
            "Reconciling", "ReconcilePolicy", "RulesetCompiler", "Ruleset", "Seams", "HealthPolicy", "FarmConfig", "FarmModel", "ControlAPI", "NetTypes", log,
        ]),
        tests("HooksTests", of: ["Hooks", "ControlAPI", "Threads", log]),
        tests("ObservabilityTests", of: ["Observability", log]),
        tests("SettingsTests", of: ["Daemon", "Hooks", "ReconcilePolicy", "FarmModel", "Observability", log]),
        tests("ControlTests", of: ["ControlServer", "ControlClient", "Commands", "ControlAPI", yams, log, lifecycle] + nio),
        tests("CommandsTests", of: ["Commands", "ControlClient", "ControlAPI", arguments]),
        tests("CorpusTests", of: ["CorpusCases", "Ruleset", "NetTypes"]),
        tests("ModelDriverTests", of: ["ModelDriver", "Seams", "Ruleset", "NetTypes"]),
        tests("CorpusKernelTests", of: ["CorpusCases", "TestNamespaces", "NetfilterDriver", "Seams", "Ruleset", "NetTypes", "CLinux"], in: "Netns"),
        tests("DaemonTests", of: [], in: "Netns"),
        tests("DriverTests", of: ["TestNamespaces", "NetfilterDriver", "Seams", "Ruleset", "NetTypes", "CLinux"], in: "Netns"),
        tests("PathTests", of: ["TestNamespaces", "NetfilterDriver", "RulesetCompiler", "Ruleset", "Seams", "FarmConfig", "FarmModel", "NetTypes", "CLinux"], in: "Netns"),
        tests("ProbeTransportTests", of: ["TestNamespaces", "HealthProbing", "HealthPolicy", "FarmModel", "NetTypes"], in: "Netns"),
        tests("KernelEventTests", of: ["TestNamespaces", "KernelEvents", "Seams", "NetTypes", "CLinux", "CNetfilter"], in: "Netns"),

        // Against real servers of Debian's packages.
        tests("ProbePeerTests", of: ["HealthProbing", "HealthPolicy", "FarmModel", "NetTypes", "TestNamespaces"], in: "Peers"),
    ],
    swiftLanguageModes: [.v6]
)
