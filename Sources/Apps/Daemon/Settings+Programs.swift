extension Settings {
    /// The settings that these arguments name: asked for before the arguments are parsed, because capabilities have to go before there are
    /// threads. What is wrong with the file is said when it is read for good.
    static func early(in arguments: [String]) -> Settings {
        do throws(SettingsFault) { return try read(file(in: arguments)) } catch { return Settings() }
    }

    /// Whether checks or hooks may run programs as users of their own.
    var runsProgramsAsOthers: Bool { execProbes || hooks.exec?.user != nil }

    static func file(in arguments: [String]) -> String? {
        if let joined = arguments.first(where: { $0.hasPrefix("--config=") }) { return String(joined.dropFirst("--config=".count)) }
        guard let index = arguments.firstIndex(of: "--config"), index + 1 < arguments.count else { return nil }
        return arguments[index + 1]
    }
}
