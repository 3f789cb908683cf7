import FarmModel

/// A file of farms as it was read: any bytes at all.
public struct FarmFile: Sendable {
    /// Where the file stands, for places in faults; never opened from here.
    public let path: String
    public let text: [UInt8]

    public init(path: String, text: [UInt8]) {
        (self.path, self.text) = (path, text)
    }
}

/// What a set of farm files says: farms, or everything that is wrong with them.
public struct LoadResult: Sendable {
    /// Sorted by name; empty if there is any fault.
    public let farms: [Farm]
    /// In the order of the files, lines and columns.
    public let faults: [ConfigFault]
    /// Where each farm's name stands; kept for every farm whose name could be read.
    public let origins: [String: SourcePlace]
}

/// A place in a farm file. Lines and columns begin at 1; columns and lengths count Unicode scalars.
public struct SourcePlace: Sendable, Hashable, CustomStringConvertible {
    public let file: String
    public let line: Int
    public let column: Int
    /// 1 or more.
    public let length: Int

    public init(file: String, line: Int, column: Int, length: Int = 1) {
        (self.file, self.line, self.column, self.length) = (file, line, column, length)
    }

    public var description: String { "\(file):\(line):\(column)" }
}
