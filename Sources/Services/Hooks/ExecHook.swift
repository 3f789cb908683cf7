import ControlAPI
import Glibc

extension HookSettings.Exec {
    /// Octets of JSON on standard input: fits into a socket's buffer, so that writing never waits for the program.
    private static let longestBody = 60_000

    /// Runs the program to its end; nil, or why it failed.
    func run(_ event: EventView) -> String? {
        var input: [Int32] = [-1, -1]
        // Not a pipe: only a socket is closed on exec from its first moment on, and a copy in another program would keep this one waiting.
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &input) == 0 else {
            return "no socket for its input: \(words(errno))"
        }
        defer { for descriptor in input where descriptor >= 0 { close(descriptor) } }
        guard let body = try? ControlJSON.encode(event), body.count <= Self.longestBody else { return "the event is too long" }
        _ = body.withUnsafeBytes { write(input[1], $0.baseAddress, $0.count) }
        close(input[1])
        input[1] = -1
        var child = pid_t()
        let code = spawn(&child, input: input[0], environment(event))
        guard code == 0 else { return "cannot start: \(words(code))" }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0 { guard errno == EINTR else { return "lost: \(words(errno))" } }
        guard status != 0 else { return nil }
        return status & 0x7f == 0 ? "exit code \(status >> 8 & 0xff)" : "killed by signal \(status & 0x7f), or after its time"
    }

    /// timeout(1) kills the process group when time is over, and setpriv(1) changes the user: the daemon itself may do neither to others.
    private var line: [String] {
        let seconds = Double(timeout.components.seconds) + Double(timeout.components.attoseconds) / 1e18
        let change = user.map {
            ["/usr/bin/setpriv", "--reuid=\($0.uid)", "--regid=\($0.gid)", "--clear-groups", "--inh-caps=-all", "--no-new-privs", "--"]
        }
        return ["/usr/bin/timeout", "--signal=KILL", "\(seconds)"] + (change ?? []) + command
    }

    private func environment(_ event: EventView) -> [String] {
        let pairs = [
            ("AT", event.at), ("KIND", event.kind.rawValue), ("FARM", event.farm ?? ""), ("BACKEND", event.backend ?? ""),
            ("STATE", event.state ?? ""), ("MESSAGE", event.message),
        ]
        return ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8"]
            + pairs.map { "ZVNFT_\($0)=\($1.filter { $0 != "\0" })" }
    }

    /// No descriptor and no blocked signal of ours goes along.
    private func spawn(_ child: inout pid_t, input: Int32, _ environment: [String]) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        for output in [STDOUT_FILENO, STDERR_FILENO] { posix_spawn_file_actions_addopen(&actions, output, "/dev/null", O_WRONLY, 0) }
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, all) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        var arguments = line.map { strdup($0) } + [nil]
        var variables = environment.map { strdup($0) } + [nil]
        defer { for text in arguments + variables { free(text) } }
        return posix_spawn(&child, line[0], &actions, &attributes, &arguments, &variables)
    }
}

func words(_ code: Int32) -> String { String(cString: strerror(code)) }
