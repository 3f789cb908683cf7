/// `1 farm`, `2 farms`: for whoever tells people of a number of things.
public func counted(_ count: some BinaryInteger, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

/// `1 slot moves`, `2 slots move`; the verb is given as of many.
public func counted(_ count: some BinaryInteger, _ noun: String, _ verb: String) -> String {
    "\(counted(count, noun)) \(verb)\(count == 1 ? "s" : "")"
}
