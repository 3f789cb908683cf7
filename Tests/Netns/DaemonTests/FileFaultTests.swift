import Testing

extension RealTraffic {
    /// A bad file changes nothing, and everybody is told where the fault is.
    @Suite struct FileFaults {
        private static let good = FarmFile(listen: ["203.0.113.10:80"], backends: .init(1...3, families: [4]))

        struct Case: CustomTestStringConvertible, Sendable {
            let name, file, text, place: String
            var testDescription: String { name }
        }

        private static let cases = [
            Case(name: "torn", file: "web", text: String(good.text.prefix(good.text.utf8.count / 2)), place: "web.yaml:"),
            Case(name: "unknown key", file: "web", text: good.text + "sheduler: maglev\n", place: "web.yaml:11:1"),
            Case(
                name: "duplicate listener", file: "zweb",
                text: FarmFile(name: "other", listen: ["203.0.113.10:80/tcp"], backends: .init(4...4, families: [4])).text,
                place: "zweb.yaml:3:5"),
        ]

        @Test(arguments: cases) func badFileChangesNothing(_ fault: Case) throws {
            let balancer = try Balancer(["web": Self.good.text])
            let rules = try balancer.kernelRules()

            try balancer.write(fault.file, fault.text)
            try eventually("the fault is noticed") { try !balancer.status().configFaults.isEmpty }
            let faults = try balancer.status().configFaults
            #expect(faults.joined().contains(fault.place), "\(faults)")
            #expect(try balancer.lbctl("status").status == 6)
            #expect(try balancer.lbctl("status").output.contains(fault.place))
            #expect(try balancer.lbctl("apply").status == 1)
            #expect(try balancer.lbctl("plan").status > 1)

            #expect(try balancer.kernelRules() == rules)
            #expect(try balancer.lab.connect(to: "203.0.113.10:80", "--count 60 --rate 600").isFlawless)
            try balancer.lab.killServers(of: "b2")
            try balancer.awaitHealth("down", of: "b2")

            try balancer.write("web", Self.good.text)
            if fault.file != "web" { balancer.remove(fault.file) }
            try eventually("the fault is gone") { try balancer.status().configFaults.isEmpty }
        }

        @Test(arguments: cases) func checkNamesThePlace(_ fault: Case) throws {
            let balancer = try Balancer(notStartedWith: ["web": Self.good.text])
            #expect(try Program.run([Programs.lbctl, "check", "--farms", balancer.farms]).status == 0)
            try balancer.write(fault.file, fault.text)
            let outcome = try Program.run([Programs.lbctl, "check", "--farms", balancer.farms])
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains(fault.place), "\(outcome)")
        }

        @Test func fileSavedInPlaceIsNeverAppliedHalf() throws {
            let balancer = try Balancer(["web": Self.good.text])
            for weight in 2...6 {
                var farm = Self.good
                farm.backends = .init(1...3, families: [4]) { $0 == 1 ? "weight: \(weight)" : "" }
                try String(farm.text.prefix(120)).overwrite(balancer.path("web"))
                try farm.text.overwrite(balancer.path("web"))
                try eventually("weight \(weight) is in use") { try balancer.backend("b1").weight == weight }
                #expect(try balancer.backends().count == 3)
            }
        }
    }
}
