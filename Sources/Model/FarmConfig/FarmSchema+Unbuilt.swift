extension FarmSchema {
    /// Keys, and words of keys, that are decoded but not built in the data plane yet: "not supported yet" until they leave this table.
    /// A section goes when the last of its keys does.
    static let unbuilt: Set<String> = []
}

extension FarmKey {
    /// The table without what is not built: such keys take nothing, such words are refused, and a section without keys goes, too.
    func refusing(_ unbuilt: Set<String>) -> FarmKey {
        let inner = keys.map { $0.refusing(unbuilt) }
        let isEmptied = !inner.isEmpty && !inner.contains(where: \.isSupported)
        if unbuilt.contains(path) || isEmptied { return .later(path, meaning) }
        let words = type.refusing { unbuilt.contains("\(path): \($0)") }
        return FarmKey(path, words, default: defaultText, isRequired: isRequired, meaning, keys: inner)
    }
}

extension ValueType {
    fileprivate func refusing(_ isUnbuilt: (String) -> Bool) -> ValueType {
        switch self {
        case .choice(let choices): .choice(choices.map { isUnbuilt($0.word) ? .later($0.word) : $0 })
        case .list(let element, let limit): .list(element.refusing(isUnbuilt), atMost: limit)
        case .oneOrList(let element, let limit): .oneOrList(element.refusing(isUnbuilt), atMost: limit)
        default: self
        }
    }
}
