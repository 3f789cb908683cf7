import Testing

@testable import Reconciling

@Suite struct MetricsTests {
    /// Families in their order, with the lines under each, or nil where a line is not of the exposition format.
    private func parsed(_ text: String) throws -> [(name: String, type: String, samples: [(name: String, value: Double)])] {
        let sample = /([a-z_]+)(\{[a-z]+="(?:[^"\\\n]|\\.)*"(?:,[a-z]+="(?:[^"\\\n]|\\.)*")*\})? ([-+0-9.e]+)/
        var families: [(name: String, type: String, samples: [(name: String, value: Double)])] = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.last == "", "the text ends with a newline")
        for (index, line) in lines.dropLast().enumerated() {
            if let help = try /# HELP ([a-z_]+) [^\n]+/.wholeMatch(in: line) {
                let type = try #require(try /# TYPE ([a-z_]+) (gauge|counter|histogram)/.wholeMatch(in: lines[index + 1]), "\(line)")
                #expect(type.1 == help.1)
                families.append((String(type.1), String(type.2), []))
            } else if !line.hasPrefix("# TYPE ") {
                let match = try #require(try sample.wholeMatch(in: line), "\(line)")
                try #require(!families.isEmpty)
                families[families.count - 1].samples.append((String(match.1), try #require(Double(match.3))))
            }
        }
        return families
    }

    @Test func eachSampleHasItsHelpAndType() async throws {
        let scene = try Scene(FarmTexts.farm(), FarmTexts.farm("other", at: "203.0.113.11:80"))
        try await scene.run { reconciler in
            try await scene.settled()
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("it is taken in") { await reconciler.counters.verdictToKernel.count >= 2 }
            let families = try parsed(await reconciler.metrics())
            #expect(Set(families.map(\.name)).count == families.count, "a family stands once")
            for family in families {
                #expect(!family.samples.isEmpty, "\(family.name)")
                let suffixes = family.type == "histogram" ? ["_bucket", "_sum", "_count"] : [""]
                #expect(family.samples.allSatisfy { sample in suffixes.contains { family.name + $0 == sample.name } }, "\(family.name)")
                if family.type == "counter" { #expect(family.name.hasSuffix("_total")) }
            }
            let values = Dictionary(grouping: families.flatMap(\.samples), by: \.name).mapValues { $0.map(\.value) }
            #expect(values["zvnft_farms"] == [2])
            #expect(values["zvnft_drift"] == [0])
            #expect(values["zvnft_backend_up"] == [0, 1, 1, 0, 1, 1])
            #expect(values["zvnft_commits_total"] == [Double(scene.kernel.batches.count)])
        }
    }

    @Test func bucketsOfAHistogramGrowAndEndWithTheCount() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            let lines = await reconciler.metrics().split(separator: "\n").filter { $0.hasPrefix("zvnft_verdict_to_kernel_seconds") }
            let buckets = lines.filter { $0.contains("_bucket") }.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }
            #expect(buckets == buckets.sorted() && buckets.count == 14)
            #expect(lines.contains { $0.contains(#"le="+Inf""#) })
            #expect(lines.last == "zvnft_verdict_to_kernel_seconds_count \(buckets.last ?? -1)")
        }
    }

    @Test func troubleIsCounted() async throws {
        let scene = try Scene(FarmTexts.farm())
        try await scene.run { reconciler in
            try await scene.settled()
            scene.kernel.change { $0.standingRefusal = .noRoom }
            scene.prober.report(.down, of: "10.0.0.1:8080")
            try await until("it has failed") { await reconciler.status().drift }
            let text = await reconciler.metrics()
            #expect(text.contains("\nzvnft_drift 1\n"))
            #expect(text.contains("\nzvnft_commit_failures_total 1\n"))
            scene.texts.replace("farm: [")
            _ = await reconciler.apply(author: "files")
            #expect(await reconciler.metrics().contains("\nzvnft_config_faults 1\n"))
        }
    }
}
