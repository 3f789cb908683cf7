import FarmModel

/// What came of reading a list file that a policy names.
public enum ListReading: Sendable {
    case list(SourceList)
    case faulty([ConfigFault])
    /// Why it cannot be read, in one line.
    case unreadable(String)

    /// Parses what such a file held.
    public init(parsing text: [UInt8], path: String) {
        let (list, faults) = AddressList.parse(text, path: path)
        self = faults.isEmpty ? .list(SourceList(list.ranges)) : .faulty(faults)
    }

    public var list: SourceList? {
        if case .list(let list) = self { list } else { nil }
    }
}

extension LoadResult {
    /// The list files that policies name.
    public var listFiles: Set<String> { Set(farms.flatMap { $0.policies.compactMap(\.sourceFile) }) }

    /// Gives the policies what their files hold. With a list that is faulty or cannot be read there are no farms, as with any other fault.
    ///
    /// `readings`: by path, of `listFiles`. Returned beside the result is what could not be read, a line each.
    public func completed(with readings: [String: ListReading]) -> (result: LoadResult, unreadable: [String]) {
        var (lists, faults, unreadable): ([String: SourceList], [ConfigFault], [String]) = ([:], self.faults, [])
        for path in listFiles.sorted() {
            switch readings[path] {
            case .list(let list): lists[path] = list
            case .faulty(let found): faults += found
            case .unreadable(let reason): unreadable.append("\(reason) (the list of \(user(of: path)))")
            case nil: unreadable.append("\(path): error: was not read")
            }
        }
        let isWhole = faults.isEmpty && unreadable.isEmpty
        let result = LoadResult(farms: isWhole ? farms.map { $0.reading(lists) } : [], faults: faults, origins: origins)
        return (result, unreadable)
    }

    private func user(of path: String) -> String {
        let uses = farms.lazy.flatMap { farm in
            farm.policies.filter { $0.sourceFile == path }.map { "policy \($0.name) of farm \(farm.name)" }
        }
        return uses.first ?? "nobody"
    }
}

extension Farm {
    fileprivate func reading(_ lists: [String: SourceList]) -> Farm {
        guard policies.contains(where: { $0.sourceFile != nil }) else { return self }
        var farm = self
        farm.policies = policies.map { policy in
            var policy = policy
            policy.list = policy.sourceFile.flatMap { lists[$0] }
            return policy
        }
        return farm
    }
}
