import FarmModel
import Glibc
import Hooks
import Logging
import NetTypes
import Observability
import ReconcilePolicy
import Yams

/// The daemon's own settings: `zvnftd.yaml`, overruled by options. docs/settings.md describes each.
struct Settings: Sendable, Equatable {
    var farms = "/etc/zvnft/farms.d"
    var state = "/var/lib/zvnft"
    var socket = "/run/zvnft/zvnftd.sock"
    /// Nil: beside the directory of farm files.
    var maintenance: String?
    var logLevel = Logger.Level.info
    var logFormat = LineLogHandler.Format.text
    /// Nil: every Ethernet device that is up.
    var ingressDevices: [String]?
    var probePorts: ClosedRange<UInt16> = 61000...65535
    /// Bits of the packet mark.
    var probeMarks = ProbeMarks.standard
    /// Whether checks of type exec may run programs.
    var execProbes = false
    /// How connections outlast changes of tables where nothing is kept of each.
    var handover = HandoverSettings()
    /// Who is told of transitions.
    var hooks = HookSettings()
    /// What farms count that say nothing.
    var counters = Counting.off
    /// Remove our tables when the daemon is stopped, instead of leaving the kernel to forward on.
    var clearsOnStop = false

    /// Whose files take farms and backends out of service.
    var maintenanceDirectory: String {
        if let maintenance { return maintenance }
        let steps = farms.split(separator: "/", omittingEmptySubsequences: true).dropLast()
        return (farms.hasPrefix("/") ? "/" : "") + (steps + ["maintenance.d"]).joined(separator: "/")
    }

    static let defaultFile = "/etc/zvnft/zvnftd.yaml"
}

/// Why settings cannot be used; says where and what to do.
struct SettingsFault: Error, CustomStringConvertible, Equatable {
    let description: String
}

extension Settings {
    /// Reads settings as YAML. `file` is only named in faults.
    init(yaml: String, file: String) throws(SettingsFault) {
        let root: Node?
        do { root = try Yams.compose(yaml: yaml) } catch { throw SettingsFault(description: "\(file): \(error)") }
        guard let root, root.scalar?.string != "" else { return }
        guard let mapping = root.mapping else { throw SettingsFault(description: "\(file):1: settings are a mapping of keys to values") }
        for (key, value) in mapping {
            let place = "\(file):\(key.mark?.line ?? 1):\(key.mark?.column ?? 1)"
            guard let name = key.scalar?.string else { throw SettingsFault(description: "\(place): a key is a word") }
            guard let setting = Self.known[name] else {
                throw SettingsFault(
                    description: "\(place): unknown setting \"\(name)\"; there are \(Self.known.keys.sorted().joined(separator: ", "))")
            }
            guard setting.set(&self, value) else { throw SettingsFault(description: "\(place): \(name) is \(setting.expected)") }
        }
    }

    private struct Setting: Sendable {
        let expected: String
        let set: @Sendable (inout Settings, Node) -> Bool
    }

    private static let known: [String: Setting] = [
        "farms": path(\.farms), "state": path(\.state), "socket": path(\.socket),
        "maintenance": Setting(expected: "a path") { settings, node in
            guard let path = node.scalar?.string, !path.isEmpty else { return false }
            settings.maintenance = path
            return true
        },
        "logLevel": Setting(expected: "one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))") { settings, node in
            guard let level = node.scalar.flatMap({ Logger.Level(rawValue: $0.string) }) else { return false }
            settings.logLevel = level
            return true
        },
        "logFormat": Setting(expected: "text or json") { settings, node in
            guard let format = node.scalar.flatMap({ LineLogHandler.Format(rawValue: $0.string) }) else { return false }
            settings.logFormat = format
            return true
        },
        "ingressDevices": Setting(expected: "auto, or a list of device names") { settings, node in
            if node.scalar?.string == "auto" {
                settings.ingressDevices = nil
                return true
            }
            guard let names = node.sequence.map({ $0.compactMap { $0.scalar?.string } }), names.count == node.sequence?.count,
                !names.isEmpty
            else { return false }
            settings.ingressDevices = names
            return true
        },
        "probePorts": Setting(expected: "a range of ports above 1024, as in 61000-65535") { settings, node in
            let bounds = (node.scalar?.string ?? "").split(separator: "-").map { UInt16($0) }
            guard bounds.count == 2, let first = bounds[0], let last = bounds[1], first > 1024, first < last else { return false }
            settings.probePorts = first...last
            return true
        },
        "probeMark": Setting(expected: "bits of the packet mark, four or more side by side, as in 0xffff0000") { settings, node in
            guard let text = node.scalar?.string, text.hasPrefix("0x"), let bits = UInt32(text.dropFirst(2), radix: 16),
                let marks = ProbeMarks(mask: bits)
            else { return false }
            settings.probeMarks = marks
            return true
        },
        "execProbes": Setting(expected: "true or false") { settings, node in
            guard let value = node.scalar.flatMap({ Bool($0.string) }) else { return false }
            settings.execProbes = value
            return true
        },
        "handover": Setting(expected: handoverWords) { settings, node in
            guard let handover = HandoverSettings(node) else { return false }
            settings.handover = handover
            return true
        },
        "hooks": Setting(expected: hookWords) { settings, node in
            guard let hooks = HookSettings(node) else { return false }
            settings.hooks = hooks
            return true
        },
        "counters": Setting(expected: Counting.allCases.map(\.rawValue).joined(separator: ", ")) { settings, node in
            guard let counters = node.scalar.flatMap({ Counting(rawValue: $0.string) }) else { return false }
            settings.counters = counters
            return true
        },
        "onStop": Setting(expected: "leave or clear") { settings, node in
            guard let word = node.scalar?.string, ["leave", "clear"].contains(word) else { return false }
            settings.clearsOnStop = word == "clear"
            return true
        },
    ]

    private static func path(_ field: WritableKeyPath<Settings, String> & Sendable) -> Setting {
        Setting(expected: "a path") { settings, node in
            guard let path = node.scalar?.string, !path.isEmpty else { return false }
            settings[keyPath: field] = path
            return true
        }
    }
}

extension Settings {
    /// Reads the file; one that is not there is no fault when nobody asked for it.
    static func read(_ file: String?) throws(SettingsFault) -> Settings {
        let path = file ?? defaultFile
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if file == nil, errno == ENOENT { return Settings() }
            throw SettingsFault(description: "\(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var octets = [UInt8](repeating: 0, count: 1 << 20)
        let count = Glibc.read(descriptor, &octets, octets.count)
        guard count >= 0, count < octets.count else { throw SettingsFault(description: "\(path): cannot be read, or is over 1 MiB") }
        return try Settings(yaml: String(decoding: octets[..<count], as: UTF8.self), file: path)
    }
}
