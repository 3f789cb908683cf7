extension Settings {
    /// Whether the settings that these arguments name let checks run programs: asked before the arguments are parsed, because capabilities
    /// have to go before there are threads. What is wrong with the file is said when it is read for good.
    static func allowPrograms(in arguments: [String]) -> Bool {
        do throws(SettingsFault) { return try read(file(in: arguments)).execProbes } catch { return false }
    }

    static func file(in arguments: [String]) -> String? {
        if let joined = arguments.first(where: { $0.hasPrefix("--config=") }) { return String(joined.dropFirst("--config=".count)) }
        guard let index = arguments.firstIndex(of: "--config"), index + 1 < arguments.count else { return nil }
        return arguments[index + 1]
    }
}
