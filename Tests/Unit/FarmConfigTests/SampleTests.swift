import FarmModel
import Testing
import Yams

@testable import FarmConfig

/// The samples load, and no damage to them goes unnoticed or does harm.
@Suite struct SampleTests {
    @Test func allSamplesLoadTogether() throws {
        let samples = try Repository.samples()
        let result = FarmConfig.load(samples)
        #expect(result.faults.map { $0.rendered(color: false) } == [])
        #expect(samples.count >= 17 && result.farms.count == samples.count + 1)
        for sample in samples { #expect(sample.text.starts(with: Array("# ".utf8)), "\(sample.path) begins with what it shows") }
    }

    @Test func loadingIsDeterministic() throws {
        let samples = try Repository.samples()
        #expect(FarmConfig.load(samples).farms == FarmConfig.load(samples).farms)
    }

    /// What is damaged: the samples, and farms with every key.
    private func files() throws -> [FarmFile] { try Repository.samples() + FullFarm.files }

    private func faults(_ path: String, _ text: String) -> [ConfigFault] {
        FarmConfig.load([FarmFile(path: path, text: Array(text.utf8))], schema: FarmSchema.complete).faults
    }

    @Test func everyPrefixLoadsOrNamesAPlace() throws {
        for sample in try files() {
            for end in sample.text.indices { expectSoundness(FarmFile(path: sample.path, text: Array(sample.text[..<end]))) }
        }
    }

    @Test func everyMisspeltKeyIsFoundAndSuggested() throws {
        for sample in try files() {
            let text = String(decoding: sample.text, as: UTF8.self)
            for key in try keys(of: text) {
                let name = key.string
                let slip = name.prefix(1) + name.dropFirst(2)
                let found = faults("f", replacing(key, with: String(slip), in: text)).first { $0.code == .unknownKey }
                #expect(found?.place.line == key.mark?.line && found?.place.column == key.mark?.column, "\(sample.path) \(slip)")
                #expect(found?.hint == "did you mean \"\(name)\"?", "\(sample.path) \(slip)")
            }
        }
    }

    @Test func everyValueOfAWrongTypeIsRefused() throws {
        for sample in try files() {
            for document in try documents(of: String(decoding: sample.text, as: UTF8.self)) {
                for path in paths(in: document) where !path.isEmpty {
                    for wrong in ["{ zz: 1 }", "[[1]]", "true", "~", "-1.5", "\"\""] {
                        let text = flow(document, replacing: path[...], with: wrong)
                        guard text != flow(document, replacing: nil, with: "") else { continue }
                        #expect(!faults(sample.path, text).isEmpty, "\(text)")
                        expectSoundness(FarmFile(path: sample.path, text: Array(text.utf8)))
                    }
                }
            }
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4]) func randomDamageIsSound(seed: UInt64) throws {
        var random = SplitMix(state: seed)
        let samples = try files()
        let alphabet = Array("[]{}:,-#&*!|>'\"%@`?\n\t \\0189afx<=~\u{E9}".utf8) + [0, 0xFF, 0xC3, 0x0D, 0x85]
        for _ in 0..<400 {
            var text = samples[Int(random.next() % UInt64(samples.count))].text
            for _ in 0...(random.next() % 4) {
                let position = Int(random.next() % UInt64(text.count))
                let byte = alphabet[Int(random.next() % UInt64(alphabet.count))]
                if random.next() % 2 == 0 { text[position] = byte } else { text.insert(byte, at: position) }
            }
            expectSoundness(FarmFile(path: "seed-\(seed)", text: text))
        }
    }

    /// Farms without faults, or faults whose places are in the file.
    private func expectSoundness(_ file: FarmFile) {
        let result = FarmConfig.load([file], schema: FarmSchema.complete)
        if !result.faults.isEmpty { #expect(result.farms.isEmpty) }
        for fault in result.faults {
            let lines = String(decoding: file.text, as: UTF8.self).split(omittingEmptySubsequences: false) {
                $0 == "\n" || $0 == "\r" || $0 == "\r\n"
            }
            let place = fault.place
            guard place.line >= 1, place.line <= lines.count, place.column >= 1, place.length >= 1 else {
                Issue.record("\(fault) is outside of its file: \(String(decoding: file.text, as: UTF8.self))")
                continue
            }
            #expect(place.column <= lines[place.line - 1].unicodeScalars.count + 1, "\(fault)")
            #expect(fault.rendered(color: false).contains("^"))
        }
    }
}

/// SplitMix64, so that a seed names a run.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
