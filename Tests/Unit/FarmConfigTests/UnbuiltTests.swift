import Testing

@testable import FarmConfig

/// What is decoded but not built is refused at its place.
@Suite struct UnbuiltTests {
    private static let complete = FarmSchema.flattened(FarmSchema.complete)

    @Test func everyEntryNamesAKeyOrAWord() {
        let words = Self.complete.flatMap { key in key.type.words.map { "\(key.path): \($0)" } }
        for entry in FarmSchema.unbuilt { #expect(Self.complete.contains { $0.path == entry } || words.contains(entry), "\(entry)") }
    }

    @Test func everyKeyThatIsNotSupportedIsRefusedAtItsPlace() {
        for key in FarmSchema.keys where !key.isSupported { expectRefusal(of: key.path, "▲\(key.name): 1") }
    }

    @Test func everyKeyCouldBeRefused() {
        for key in Self.complete where key.path != "farm" && !key.isRequired {
            let schema = FarmSchema.complete.refusing([key.path])
            #expect(FarmSchema.flattened(schema).first { $0.path == key.path }?.isSupported == false)
            expectRefusal(of: key.path, "▲\(key.name): 1", by: schema)
        }
    }

    @Test func everyWordCouldBeRefused() {
        for key in Self.complete where !key.isRequired {
            for word in key.type.words {
                let isList = if case .list = key.type { true } else { false }
                let value = isList ? "[▲\(word)]" : "▲\(word)"
                let schema = FarmSchema.complete.refusing(["\(key.path): \(word)"])
                expectRefusal(of: key.path, "\(key.name): \(value)", by: schema)
            }
        }
    }

    @Test func aSectionGoesWithTheLastOfItsKeys() {
        let keys = Self.complete.filter { $0.path.hasPrefix("farm.limits.") && $0.path.split(separator: ".").count == 3 }.map(\.path)
        #expect(!isSupported("farm.limits", FarmSchema.complete.refusing(Set(keys))))
        #expect(isSupported("farm.limits", FarmSchema.complete.refusing(Set(keys.dropLast()))))
    }

    private func isSupported(_ path: String, _ schema: FarmKey) -> Bool {
        FarmSchema.flattened(schema).first { $0.path == path }?.isSupported == true
    }

    /// Writes the marked pair into the mappings that lead to it, with nothing else, and looks for the refusal among the faults.
    private func expectRefusal(of path: String, _ pair: String, by schema: FarmKey = FarmSchema.farm) {
        var text = pair
        for parent in parents(of: path).reversed() {
            let inner = "{ \(text) }"
            text = "\(parent.name): " + (parent.isList ? "[\(inner)]" : inner)
        }
        let column = text.unicodeScalars.prefix { $0 != "▲" }.count + 1
        let faults = load(text.replacing("▲", with: ""), by: schema).faults
        #expect(faults.contains { $0.code == .notSupportedYet && $0.place.column == column && $0.place.line == 1 }, "\(text): \(faults)")
    }

    private func parents(of path: String) -> [(name: String, isList: Bool)] {
        let steps = path.split(separator: ".").dropFirst().dropLast()
        return steps.indices.map { index in
            let parent = "farm." + steps[...index].joined(separator: ".")
            let key = Self.complete.first { $0.path == parent }
            let isList = if case .list = key?.type { true } else { false }
            return (String(steps[index]), isList)
        }
    }
}

extension ValueType {
    fileprivate var words: [String] {
        switch self {
        case .choice(let choices): choices.filter(\.isSupported).map(\.word)
        case .list(let element, _): element.words
        default: []
        }
    }
}
