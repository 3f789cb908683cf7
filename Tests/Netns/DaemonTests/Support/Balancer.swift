import FoundationEssentials
import Glibc
import Synchronization

/// A zvnftd in the balancer of the lab with files of its own. At the end it is killed and its tables are removed.
final class Balancer {
    private static let made = Atomic(0)
    let lab: Lab
    let directory: String
    private(set) var daemon: Program?
    /// Words of env(1) for the daemon: `NAME=value`.
    var environment: [String] = []

    var farms: String { directory + "/farms.d" }
    var state: String { directory + "/state" }
    var socket: String { directory + "/zvnftd.sock" }
    private var log: String { directory + "/zvnftd.log" }

    /// Starts it with one farm file per entry, and waits until all that is configured is up.
    convenience init(_ files: [String: String]) throws {
        try self.init(notStartedWith: files)
        try start()
        try awaitAllUp()
    }

    /// One farm, in one file.
    convenience init(_ farm: FarmFile) throws { try self.init(["farm": farm.text]) }

    init(notStartedWith files: [String: String]) throws {
        lab = try Lab.ready()
        directory = "/tmp/\(lab.name)/run-\(Self.made.add(1, ordering: .relaxed).newValue)"
        try Program.succeed(["mkdir", "-p", directory + "/farms.d", directory + "/state"])
        try "".save(as: directory + "/zvnftd.yaml")
        for (name, text) in files { try write(name, text) }
    }

    deinit {
        daemon?.kill()
        do {
            try lab.mend()
            try lab.at("balancer", ["sh", "-c", "nft flush ruleset; conntrack -F 2>/dev/null; ip neigh flush all"])
        } catch {
            print("the lab could not be mended: \(error)")
        }
    }

    func write(_ file: String, _ text: String) throws { try text.save(as: path(file)) }
    func remove(_ file: String) { unlink(path(file)) }
    func path(_ file: String) -> String { "\(farms)/\(file).yaml" }

    /// The words that run a daemon on these files.
    func commandLine(state: String? = nil, socket: String? = nil) -> [String] {
        lab.inside(
            "balancer",
            ["env"] + environment + [
                Programs.zvnftd, "run", "--config", directory + "/zvnftd.yaml", "--farms", farms,
                "--state", state ?? self.state, "--socket", socket ?? self.socket,
            ])
    }

    /// Starts the daemon and does not wait for anything.
    func start() throws {
        let descriptor = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw TestFault("cannot write \(log)") }
        daemon = try Program(commandLine(), outputFile: descriptor)
    }

    /// kill -9.
    func kill() { daemon?.kill() }

    func signal(_ number: Int32) { daemon?.signal(number) }

    /// What the daemon has written, for messages of faults.
    var lastWords: String {
        do {
            let lines = try String(contentsOfFile: log).split(separator: "\n")
            return "\nzvnftd: " + lines.suffix(15).joined(separator: "\n        ")
        } catch {
            return "\nno log: \(error)"
        }
    }

    /// lbctl, whatever its exit code.
    func lbctl(_ words: String...) throws -> Program.Outcome { try Program.run([Programs.lbctl, "--socket", socket] + words) }

    /// The JSON answer of an lbctl command that succeeds.
    func ask<View: Decodable>(_ words: String..., as view: View.Type = View.self) throws -> View {
        let outcome = try Program.run([Programs.lbctl, "--socket", socket] + words + ["-o", "json"])
        return try JSONDecoder().decode(View.self, from: Data(outcome.output.utf8))
    }

    func backends() throws -> [BackendView] { try ask("backend", "list", as: BackendList.self).backends }

    func backend(_ name: String) throws -> BackendView {
        guard let backend = try backends().first(where: { $0.name == name }) else { throw TestFault("lbctl lists no backend \(name)") }
        return backend
    }

    /// Nil as long as there is no answer.
    func statusOrNil() throws -> StatusView? {
        let outcome = try lbctl("status", "-o", "json")
        return outcome.status == 5 ? nil : try JSONDecoder().decode(StatusView.self, from: Data(outcome.output.utf8))
    }

    func status() throws -> StatusView { try ask("status") }

    func awaitAnswer(within limit: Duration = .seconds(10)) throws {
        try eventually("the daemon answers", within: limit, lastSeen: lastWords) { try statusOrNil() != nil }
    }

    func awaitAllUp(within limit: Duration = .seconds(10)) throws {
        var seen: StatusView?
        try eventually("all farms and backends are up", within: limit, lastSeen: "\(seen as Any)\(lastWords)") {
            seen = try statusOrNil()
            guard let seen else { return false }
            return seen.farms.total > 0 && seen.farms.up == seen.farms.total && seen.backends.up == seen.backends.total
        }
    }

    func awaitHealth(_ health: String, of backend: String, within limit: Duration = .seconds(10)) throws {
        try eventually("\(backend) is \(health)", within: limit, lastSeen: lastWords) { try self.backend(backend).health == health }
    }

    /// `lbctl apply` has to succeed.
    func apply(_ options: String...) throws { _ = try Program.run([Programs.lbctl, "--socket", socket, "apply"] + options).text() }
}
