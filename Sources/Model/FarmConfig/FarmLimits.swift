/// The bounds of what is read. They keep a hostile or mistaken file from costing more than an error message.
public enum FarmLimits {
    /// Elements of slot maps that one farm may need: about 100 MB of kernel memory.
    public static let elementsPerFarm = 500_000
    /// Octets of one file.
    public static let fileSize = 16 << 20
    /// Mappings and lists inside one another.
    public static let depth = 64
    /// Keys and values of one document, counted by what separates them; the largest farm has half of it.
    public static let valuesPerDocument = 500_000
    /// Farms of all files together.
    public static let farms = 100_000
    public static let listenersPerFarm = 256
    /// Entries of one `ports` list.
    public static let portsPerListener = 256
    public static let backendsPerFarm = 4096
    /// Clients with a backend of their own.
    public static let sessionsPerFarm = 4096
    public static let policiesPerFarm = 64
    /// Networks written in the farm file; larger lists stand in files of their own.
    public static let sourcesPerPolicy = 4096
    /// Networks of one list file: about 300 MB of kernel memory.
    public static let networksPerList = 1_000_000
    /// Faults shown of one list file.
    public static let listFaults = 20
    /// Width of a port range that changes its base on the way to the backend: it costs a map element a port.
    public static let movedRangeWidth = 256
    /// Faults of one load; the rest is counted, not shown.
    public static let faults = 1000
}
