import Glibc
import Hooks
import Yams

extension Settings {
    static let hookWords =
        "a mapping such as { exec: { command: [/usr/local/bin/notify], user: nobody, timeout: 10s, parallel: 4 }, "
        + "post: { url: \"http://127.0.0.1:9000/\", timeout: 5s, attempts: 4 }, queue: 1000 }"
}

extension HookSettings {
    static let timeouts = Duration.milliseconds(1)...Duration.seconds(300)

    /// Nil for what cannot be used: another key, a number out of bounds, a relative path, a user that is not there, a URL that is not http.
    init?(_ node: Node) {
        guard let mapping = node.mapping else { return nil }
        self.init()
        for (key, value) in mapping {
            switch key.scalar?.string {
            case "exec":
                guard let exec = Exec(value) else { return nil }
                self.exec = exec
            case "post":
                guard let post = Post(value) else { return nil }
                self.post = post
            case "queue":
                guard let queue = value.number(in: 1...100_000) else { return nil }
                self.queue = queue
            default: return nil
            }
        }
    }
}

extension HookSettings.Exec {
    fileprivate init?(_ node: Node) {
        guard let mapping = node.mapping else { return nil }
        let command = node["command"]?.sequence?.compactMap { $0.scalar?.string } ?? []
        guard let program = command.first, program.hasPrefix("/"), command.count == node["command"]?.sequence?.count else { return nil }
        self.init(command: command)
        for (key, value) in mapping {
            switch key.scalar?.string {
            case "command": break
            case "user":
                guard let user = value.scalar.flatMap({ HookSettings.User(named: $0.string) }) else { return nil }
                self.user = user
            case "timeout":
                guard let timeout = value.duration(in: HookSettings.timeouts) else { return nil }
                self.timeout = timeout
            case "parallel":
                guard let parallel = value.number(in: 1...64) else { return nil }
                self.parallel = parallel
            default: return nil
            }
        }
    }
}

extension HookSettings.Post {
    fileprivate init?(_ node: Node) {
        guard let mapping = node.mapping, let url = node["url"]?.scalar?.string else { return nil }
        self.init(url: url)
        for (key, value) in mapping {
            switch key.scalar?.string {
            case "url": break
            case "timeout":
                guard let timeout = value.duration(in: HookSettings.timeouts) else { return nil }
                self.timeout = timeout
            case "attempts":
                guard let attempts = value.number(in: 1...10) else { return nil }
                self.attempts = attempts
            default: return nil
            }
        }
    }
}

extension HookSettings.User {
    /// Nil when there is no such user.
    fileprivate init?(named name: String) {
        guard let entry = getpwnam(name) else { return nil }
        self.init(uid: entry.pointee.pw_uid, gid: entry.pointee.pw_gid)
    }
}

extension Node {
    fileprivate func number(in range: ClosedRange<Int>) -> Int? {
        scalar.flatMap { Int($0.string) }.flatMap { range.contains($0) ? $0 : nil }
    }
}
