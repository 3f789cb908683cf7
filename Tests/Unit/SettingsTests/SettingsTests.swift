import Glibc
import Logging
import Observability
import Testing

@testable import Daemon

@Suite struct SettingsTests {
    private func settings(_ yaml: String) throws(SettingsFault) -> Settings { try Settings(yaml: yaml, file: "zvnftd.yaml") }

    private func fault(_ yaml: String) -> String { #expect(throws: SettingsFault.self) { try settings(yaml) }?.description ?? "" }

    @Test(arguments: ["", "# nothing but words\n", "---\n", "{}"])
    func whatIsNotSaidHasItsDefault(yaml: String) throws { #expect(try settings(yaml) == Settings()) }

    @Test func defaultsAreThoseOfTheDocumentation() {
        let defaults = Settings()
        #expect(defaults.farms == "/etc/zvnft/farms.d" && defaults.state == "/var/lib/zvnft")
        #expect(defaults.socket == "/run/zvnft/zvnftd.sock")
        #expect(defaults.logLevel == .info && defaults.logFormat == .text)
        #expect(defaults.ingressDevices == nil && defaults.probePorts == 61000...65535 && !defaults.clearsOnStop)
    }

    @Test func eachKeyIsRead() throws {
        let read = try settings(
            """
            farms: /tmp/farms
            state: /tmp/state
            socket: /tmp/socket
            logLevel: debug
            logFormat: json
            ingressDevices: [eth0, "eth1"]
            probePorts: 50000-50999
            onStop: clear
            """)
        #expect(read.farms == "/tmp/farms" && read.state == "/tmp/state" && read.socket == "/tmp/socket")
        #expect(read.logLevel == .debug && read.logFormat == .json)
        #expect(read.ingressDevices == ["eth0", "eth1"] && read.probePorts == 50000...50999 && read.clearsOnStop)
    }

    @Test(arguments: Logger.Level.allCases) func everyLevelHasItsWord(level: Logger.Level) throws {
        #expect(try settings("logLevel: \(level.rawValue)").logLevel == level)
    }

    @Test func autoMeansEveryDevice() throws { #expect(try settings("ingressDevices: auto").ingressDevices == nil) }

    @Test func countersOfFarmsThatSayNothing() throws {
        #expect(try settings("logLevel: info").counters == .off)
        #expect(try settings("counters: traffic").counters == .traffic)
        #expect(throws: SettingsFault.self) { try settings("counters: all") }
    }

    @Test func leaveIsWhatHappensAnyway() throws { #expect(try !settings("onStop: leave").clearsOnStop) }

    @Test func anUnknownKeyIsNamedWithItsPlaceAndThoseThatThereAre() {
        let words = fault("farms: /tmp\nlogLvel: debug\n")
        #expect(words.hasPrefix("zvnftd.yaml:2:1: unknown setting \"logLvel\""))
        for key in ["farms", "ingressDevices", "logFormat", "logLevel", "onStop", "probePorts", "socket", "state"] {
            #expect(words.contains(key))
        }
    }

    @Test(arguments: [
        "farms: ''", "farms: [a]", "socket: {}", "logLevel: loud", "logLevel: [info]", "logFormat: xml", "ingressDevices: []",
        "ingressDevices: eth0", "ingressDevices: [[eth0]]", "probePorts: 61000", "probePorts: 80-90", "probePorts: 61000-60000",
        "probePorts: 61000-70000", "probePorts: 1-2-3", "probePorts: [61000, 65535]", "probePorts: '-'", "onStop: off", "onStop: ''",
        "state:",
    ])
    func aValueThatFitsNotIsRefusedAtItsPlace(yaml: String) {
        let (words, key) = (fault(yaml), yaml.prefix { $0 != ":" })
        #expect(words.hasPrefix("zvnftd.yaml:1:1: \(key) is "), "\(words)")
    }

    @Test(arguments: ["farms: [", "- farms", "just words", "farms: a\nfarms: b", "a: *nobody", "? [x]\n: y", "\t\tfarms: x", "a: b: c"])
    func whatIsNoMappingOfKeysToValuesIsRefused(yaml: String) { #expect(fault(yaml).hasPrefix("zvnftd.yaml")) }

    @Test func everyCutOfAFileIsReadOrRefusedAndNothingElse() {
        let whole = "farms: /tmp/farms\nlogLevel: debug\ningressDevices: [eth0, \"eth1\"]\nprobePorts: 50000-50999\nonStop: clear\n"
        for length in 0...whole.utf8.count {
            do { _ = try settings(String(decoding: whole.utf8.prefix(length), as: UTF8.self)) } catch {
                #expect(error.description.hasPrefix("zvnftd.yaml"))
            }
        }
    }

    @Test func aFileIsReadAndOneThatIsNotThereIsMissed() throws {
        let path = "/tmp/zvnft-settings-\(getpid()).yaml"
        let file = try #require(fopen(path, "w"))
        fputs("logLevel: error\n", file)
        fclose(file)
        defer { unlink(path) }
        #expect(try Settings.read(path).logLevel == .error)
        let missing = #expect(throws: SettingsFault.self) { try Settings.read("\(path).not") }
        #expect(missing?.description.contains("\(path).not") == true && missing?.description.contains("No such file") == true)
        #expect(throws: SettingsFault.self) { try Settings.read("/tmp") }
    }

    @Test func aFileOverOneMebibyteIsRefused() throws {
        let path = "/tmp/zvnft-settings-large-\(getpid()).yaml"
        let file = try #require(fopen(path, "w"))
        fputs(String(repeating: "# filler\n", count: 130_000), file)
        fclose(file)
        defer { unlink(path) }
        let words = #expect(throws: SettingsFault.self) { try Settings.read(path) }?.description
        #expect(words?.contains("1 MiB") == true)
    }
}
