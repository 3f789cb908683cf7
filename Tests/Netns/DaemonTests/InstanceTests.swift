import Glibc
import Testing

extension RealTraffic {
    /// One daemon at a time, and what is left when it goes.
    @Suite struct Instances {
        private static let vip = "203.0.113.10:80"

        @Test(arguments: [true, false]) func secondDaemonExits75NamesTheFirstAndLeavesItUndisturbed(sharesDirectories: Bool) throws {
            let balancer = try Balancer(FarmFile())
            let rules = try balancer.kernelRules()
            let load = try balancer.lab.connecting(to: Self.vip, "--rate 300 --duration 1s")
            let other = balancer.directory + "/other"
            try Program.succeed(["mkdir", other])
            let command = sharesDirectories ? balancer.commandLine() : balancer.commandLine(state: other, socket: other + "/zvnftd.sock")
            let second = try Program(command)
            try eventually("the second daemon ends") { second.exitStatus != nil }
            #expect(second.exitStatus == 75)
            let (said, first) = (second.outcome().errors + second.output, try #require(balancer.daemon).pid)
            #expect(said.contains("zvnftd, process \(first)"), "\(said)")
            #expect(try load.result().isFlawless)
            #expect(try balancer.kernelRules() == rules)
            #expect(try balancer.lbctl("status").status == 0)
            #expect(balancer.daemon?.exitStatus == nil)
        }

        @Test(arguments: [SIGTERM, SIGINT]) func stoppedDaemonLeavesTheKernelForwarding(signal: Int32) throws {
            let balancer = try Balancer(FarmFile())
            let rules = try balancer.kernelRules()
            balancer.signal(signal)
            try eventually("it ends") { balancer.daemon?.exitStatus != nil }
            #expect(balancer.daemon?.exitStatus == 0)
            #expect(try balancer.kernelRules() == rules)
            #expect(try balancer.lab.connect(to: Self.vip, "--count 60 --rate 600").isFlawless)
            try balancer.start()
            try balancer.awaitAllUp()
            #expect(try balancer.kernelRules() == rules)
        }

        @Test func verdictsAreRememberedOverARestart() throws {
            let noPanic = FarmFile(
                listen: [Self.vip], backends: .init(1...3, families: [4]),
                health: "{ type: tcp, port: 80, interval: 100ms, rise: 2, fall: 2, panicThreshold: 0 }")
            let balancer = try Balancer(noPanic)
            // The second one soon after the first: also the last word before the end counts.
            for backend in ["b1", "b2"] {
                try balancer.lab.killServers(of: backend)
                try balancer.awaitHealth("down", of: backend)
            }
            let load = try balancer.lab.connecting(to: Self.vip, "--rate 500 --duration 1500ms")
            balancer.kill()
            try balancer.start()
            try balancer.awaitAnswer()
            #expect(try balancer.backends().map(\.health) == ["down", "down", "up"])
            let result = try load.result()
            #expect(result.isFlawless && Set(result.backends.keys) == ["b3"], "\(result.summary)")
        }

        @Test func hangUpReadsTheFilesAgain() throws {
            let balancer = try Balancer(FarmFile())
            try balancer.write("farm", FarmFile(scheduler: "round-robin").text)
            balancer.signal(SIGHUP)
            try eventually("the scheduler of the file is in use") {
                let farms: FarmList = try balancer.ask("farm", "list")
                return farms.farms.first?.scheduler == "round-robin"
            }
            #expect(try balancer.lab.connect(to: Self.vip, "--count 60 --rate 600").backends == ["b1": 20, "b2": 20, "b3": 20])
        }

        /// CAP_NET_BIND_SERVICE, CAP_NET_ADMIN and CAP_NET_RAW are what is kept.
        @Test func noThreadMayDoMoreThanTheDaemonNeeds() throws {
            let balancer = try Balancer(FarmFile())
            #expect(try balancer.lbctl("status").status == 0)
            let tasks = "/proc/\(try #require(balancer.daemon).pid)/task"
            let lines = try Program.succeed(["grep", "-rhs", "--include=status", "-E", "^Cap(Prm|Eff|Bnd)", tasks]).split(separator: "\n")
            #expect(lines.count > 10 && lines.allSatisfy { $0.hasSuffix("\t0000000000003400") }, "\(lines)")
        }

        /// Who it runs as, and its effective capabilities: a program of uid 0 would have all of them from a bounding set that is whole.
        /// `inUnit`: with no more than the shipped unit leaves.
        @Test(arguments: [("user: nobody", "65534 0000000000000000"), ("", "0 0000000000003400")], [true, false])
        func hooksRunAsTheirUserAndRegainNothing(_ example: (user: String, told: String), inUnit: Bool) throws {
            let balancer = try Balancer(notStartedWith: ["farm": FarmFile().text])
            let file = balancer.directory + "/told"
            try "".save(as: file)
            try #require(chmod(file, 0o666) == 0)
            let script = "echo $(id -u) $(grep CapEff /proc/self/status | cut -f2) > \(file)"
            try "hooks: { exec: { command: [/bin/sh, -c, '\(script)'], \(example.user) } }".save(as: balancer.directory + "/zvnftd.yaml")
            if inUnit { balancer.environment = ["setpriv", "--no-new-privs"] }
            try balancer.start()
            try balancer.awaitAllUp()
            #expect(try balancer.lbctl("backend", "drain", "web/b1").status == 0)
            try eventually("the hook has run", lastSeen: balancer.lastWords) { try String(contentsOfFile: file) == example.told + "\n" }
        }

        @Test func controlSocketThatIsDeletedComesBack() throws {
            let balancer = try Balancer(FarmFile())
            let events = try EventLines(balancer, nudging: "web/b1")
            unlink(balancer.socket)
            try eventually("it answers again") { try balancer.statusOrNil() != nil }
            #expect(balancer.lastWords.contains("control socket was gone; it is there again"))
            // Told to who has followed since before.
            try balancer.lab.killServers(of: "b3")
            try events.await("b3 is down") { $0.kind == "verdict" && $0.backend == "b3" }
        }

        @Test func daemonThatWasStoppedForThreeSecondsTakesNobodyDown() throws {
            let balancer = try Balancer(FarmFile())
            let events = try EventLines(balancer, nudging: "web/b1")
            balancer.signal(SIGSTOP)
            // The stall is what is tested: thirty intervals of the checks.
            sleep(3)
            balancer.signal(SIGCONT)
            // A verdict on a backend that is really gone is the proof that checks run again.
            try balancer.lab.killServers(of: "b3")
            for backend in ["b3", "b3v6"] { try events.await("\(backend) is down") { $0.kind == "verdict" && $0.backend == backend } }
            let verdicts = try events.all.filter { $0.kind == "verdict" }
            #expect(Set(verdicts.compactMap(\.backend)) == ["b3", "b3v6"], "\(verdicts)")
            #expect(try balancer.status().backends.up == 4)
        }

        @Test(arguments: [
            "add element inet zvnft listeners4 { 203.0.113.99 . tcp . 80 : drop }", "add rule inet zvnft prerouting drop",
            "flush table inet zvnft", "delete table inet zvnft", "add chain inet zvnft foreign",
        ])
        func foreignChangeIsRefused(_ command: String) throws {
            let balancer = try Balancer(FarmFile())
            let rules = try balancer.kernelRules()
            #expect(try Program.run(balancer.lab.inside("balancer", ["nft"] + [command])).status != 0)
            #expect(try balancer.kernelRules() == rules)
        }

        @Test(arguments: ["dnat", "snat", "dsr"]) func foreignFlushLeavesOurTables(mode: String) throws {
            let balancer = try Balancer(FarmFile(mode: mode))
            let rules = try balancer.kernelRules()
            try balancer.lab.at("balancer", "nft add table inet foreign")
            try balancer.lab.at("balancer", "nft flush ruleset")
            #expect(try balancer.kernelRules() == rules)
        }
    }
}
