import Glibc
import Testing

extension RealTraffic {
    /// A state directory that cannot be written: the daemon serves on, and says so.
    @Suite struct StateDirectory {
        private static let vip = "203.0.113.10:80"

        /// A file system with files that are open for writing cannot become read-only: then only its directory may not be changed.
        enum Trouble: CaseIterable { case full, immutable, readOnly }

        @Test(arguments: [Trouble.full, .immutable]) func daemonServesOnAndSaysSo(_ trouble: Trouble) throws {
            let balancer = try Balancer(notStartedWith: ["farm": FarmFile().text])
            let disk = try SmallDisk(at: balancer.state)
            try balancer.start()
            try balancer.awaitAllUp()
            #expect(try balancer.status().stateFault == nil)

            try disk.suffer(trouble)
            #expect(try balancer.lbctl("backend", "drain", "web/b1").status == 0)
            #expect(try balancer.backend("b1").share == 0)
            #expect(try balancer.status().stateFault != nil)
            #expect(try balancer.lbctl("status").status == 6)
            try balancer.write("farm", FarmFile(scheduler: "random").text)
            try balancer.apply()
            #expect(try balancer.lab.connect(to: Self.vip, "--count 60 --rate 600").isFlawless)

            try disk.recover()
            #expect(try balancer.lbctl("backend", "drain", "web/b2").status == 0)
            #expect(try balancer.status().stateFault == nil)
            balancer.kill()
            try balancer.start()
            try balancer.awaitAnswer()
            for name in ["b1", "b2"] { #expect(try balancer.backend(name).admin == "drain") }
            balancer.kill()
        }

        @Test(arguments: Trouble.allCases) func daemonStartsAllTheSame(_ trouble: Trouble) throws {
            let balancer = try Balancer(notStartedWith: ["farm": FarmFile().text])
            let disk = try SmallDisk(at: balancer.state)
            try balancer.start()
            try balancer.awaitAllUp()
            #expect(try balancer.lbctl("backend", "drain", "web/b1").status == 0)
            balancer.kill()

            try disk.suffer(trouble)
            try balancer.start()
            try balancer.awaitAllUp()
            #expect(try balancer.backend("b1").admin == "drain", "the old file stays whole")
            #expect(try balancer.lab.connect(to: Self.vip, "--count 60 --rate 600").isFlawless)
            balancer.kill()
        }

        @Test func drainsOutliveADamagedFileAndTheLossOfBothIsSaid() throws {
            let balancer = try Balancer(FarmFile())
            let files = ["overrides.json", "overrides.json.copy"].map { "\(balancer.state)/\($0)" }
            #expect(try balancer.lbctl("backend", "drain", "web/b1").status == 0)
            balancer.kill()
            try "torn".overwrite(files[0])
            try balancer.start()
            try balancer.awaitAllUp()
            #expect(try balancer.backend("b1").admin == "drain")
            #expect(try balancer.status().losses.isEmpty)

            for number in 1...2 {
                balancer.kill()
                for file in files { try "torn \(number)".overwrite(file) }
                try balancer.start()
                let waited = try balancer.lbctl("status", "--wait", "--timeout", "10s")
                #expect(waited.status == 0 && waited.output.contains("LOST") && waited.output.contains("overrides.json.lost"), "\(waited)")
                #expect(try balancer.backend("b1").admin == "ready")
                #expect(try balancer.lbctl("backend", "drain", "web/b1").status == 0)
            }
            #expect(try String(contentsOfFile: "\(balancer.state)/overrides.json.lost") == "torn 1")
            #expect(try String(contentsOfFile: "\(balancer.state)/overrides.json.lost.2") == "torn 2")
            #expect(try balancer.status().losses.count == 2)
        }

        @Test(arguments: ["", "garbage", "{\"version\":1"]) func brokenFilesInItAreNoObstacle(content: String) throws {
            let balancer = try Balancer(FarmFile())
            #expect(try balancer.lbctl("backend", "drain", "web/b1").status == 0)
            let rules = try balancer.kernelRules()
            balancer.kill()
            let files = try Program.succeed(["find", balancer.state, "-type", "f", "-size", "+0"]).split(separator: "\n").map(String.init)
            #expect(!files.isEmpty)
            for file in files { try content.overwrite(file) }
            try balancer.start()
            try balancer.awaitAllUp()
            #expect(try balancer.lab.connect(to: Self.vip, "--count 60 --rate 600").isFlawless)
            #expect(try balancer.kernelRules().contains("203.0.113.10") && rules.contains("203.0.113.10"))
        }
    }
}

/// A file system of 256 kB, unmounted at the end.
private final class SmallDisk {
    private let path: String

    init(at path: String) throws {
        self.path = path
        try Program.succeed(["mount", "-t", "tmpfs", "-o", "size=256k", "zvnft-test", path])
    }

    deinit {
        do { try Program.succeed(["umount", "-l", path]) } catch { print("left behind: \(error)") }
    }

    func suffer(_ trouble: RealTraffic.StateDirectory.Trouble) throws {
        switch trouble {
        case .full: _ = try Program.run(["dd", "if=/dev/zero", "of=\(path)/filler", "bs=1k"])
        case .immutable: try Program.succeed(["chattr", "+i", path])
        case .readOnly: try Program.succeed(["mount", "-o", "remount,ro", path])
        }
    }

    func recover() throws {
        try Program.succeed(["chattr", "-i", path])
        unlink(path + "/filler")
    }
}
