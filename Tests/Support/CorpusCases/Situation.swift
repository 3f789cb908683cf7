import FarmModel
import NetTypes
import ReconcilePolicy

/// What befalls the farms of a case. Where the file is silent, all probes succeed and frames for dsr come in by `front`.
///
/// Lines: `up|down|unknown FARM/BACKEND` · `drain|maintenance|ready FARM/BACKEND` · `weight FARM/BACKEND N` ·
/// `nexthop ADDRESS MAC DEVICE` · `ingress DEVICE …` · `without FARM/BACKEND`, which is not in the file, `with FARM/BACKEND`, which is
/// again; `haste`: verdicts behind the first `then` come by the hundred. What stands behind a line `then` happens when the kernel has what is before it. `#` begins a comment.
public struct Situation: Sendable {
    public private(set) var verdicts: [BackendID: Verdict] = [:]
    public private(set) var overrides: [BackendID: Override] = [:]
    public private(set) var nextHops: [IPAddress: NextHop] = [:]
    public private(set) var ingressDevices = [CorpusHost.devices[0].link]
    public private(set) var absent: Set<BackendID> = []
    public private(set) var isHasty = false
    /// What was so before, from the beginning.
    public private(set) var earlier: [Situation] = []

    public init(_ text: String) throws(CorpusFault) {
        for line in CaseText.lines(text) {
            if line == "then" { earlier.append(self) } else { try read(line.split(separator: " ").map(String.init), line) }
        }
    }

    private mutating func read(_ words: [String], _ line: String) throws(CorpusFault) {
        let fault = CorpusFault("situation: \"\(line)\" is not understood")
        switch (words[0], words.count) {
        case ("haste", 1): isHasty = true
        case ("down", 2): verdicts[try backend(words[1])] = .down
        case ("up", 2): verdicts[try backend(words[1])] = .up
        case ("without", 2): absent.insert(try backend(words[1]))
        case ("with", 2): absent.remove(try backend(words[1]))
        case ("unknown", 2): verdicts[try backend(words[1])] = .unknown
        case ("weight", 3):
            guard let weight = Int(words[2]) else { throw fault }
            overrides[try backend(words[1]), default: Override()].weight = weight
        case ("nexthop", 4):
            guard let address = IPAddress(words[1]), let mac = MACAddress(words[2]) else { throw fault }
            let device = try device(words[3])
            nextHops[address] = NextHop(destination: mac, device: device.link, source: device.mac)
        case ("ingress", 2...):
            var devices: [NetworkDevice] = []
            for name in words.dropFirst() { devices.append(try device(name).link) }
            ingressDevices = devices
        case (_, 2):
            guard let state = AdminState(rawValue: words[0]) else { throw fault }
            overrides[try backend(words[1]), default: Override()].admin = state
        default: throw fault
        }
    }

    private func backend(_ text: String) throws(CorpusFault) -> BackendID {
        guard let slash = text.firstIndex(of: "/") else { throw CorpusFault("situation: \(text) is not FARM/BACKEND") }
        return BackendID(farm: String(text[..<slash]), backend: String(text[text.index(after: slash)...]))
    }

    private func device(_ name: String) throws(CorpusFault) -> CorpusHost.Device {
        guard let device = CorpusHost.device(named: name) else { throw CorpusFault("situation: there is no device \(name)") }
        return device
    }
}

/// Line by line, without comments and empty lines.
enum CaseText {
    static func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map { line in
            String(line.prefix { $0 != "#" }.reversed().drop { $0 == " " }.reversed())
        }.filter { !$0.isEmpty }
    }
}
