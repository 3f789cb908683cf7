import FarmModel
import HealthPolicy
import NetTypes
import TestNamespaces
import Testing

@testable import HealthProbing

/// HAProxy reads the same agent, and comes to the same.
@Suite(.serialized, .timeLimit(.minutes(3))) struct AgentPeerTests {
    /// What a server is worth: its weight of 100, and whether it is up, drained or in maintenance.
    private struct Standing: Equatable, CustomStringConvertible {
        var weight: Int
        var state: String
        var description: String { "\(state) \(weight)" }
    }

    @Test func haproxyComesToTheSame() async throws {
        let server = try Server("nginx", port: 80)
        try say("100% ready up", server)
        try server.start("agent", port: 5555)
        try server.start("haproxy", port: 8080)
        var check = HealthCheck(kind: .tcp, interval: .milliseconds(100), rise: 1, fall: 1)
        check.agent = AgentCheck(port: 5555, interval: .milliseconds(50))
        let lines = [
            "75%", "50% up", "up", "100%", "drain", "ready", "maint", "ready up", "down", "75%", "up", "fail #disk", "up 30%", "stopped",
            "ready",
            "up", "10%,maxconn:30,drain", "ready,up\t100%", "down up", "maint down", "up ready", "nothing", "200%", "0%", "60% up #fine",
        ]
        for line in lines {
            try say(line, server)
            var (theirs, ours) = (Standing(weight: -1, state: ""), Standing(weight: -2, state: ""))
            for _ in 0..<60 where theirs != ours {
                try await Task.sleep(for: .milliseconds(100))
                theirs = try haproxy(server)
                ours = Self.standing(try await server.probe(check, port: 80) { _ in true })
            }
            // Twice alike: neither is only passing by.
            try await Task.sleep(for: .milliseconds(300))
            let later = (try haproxy(server), Self.standing(try await server.probe(check, port: 80) { _ in true }))
            #expect(theirs == ours && later.0 == later.1, "\(line): HAProxy \(later.0), we \(later.1)")
        }
    }

    private func say(_ line: String, _ server: Server) throws {
        try server.shell(
            "mkdir -p \(server.directory)/agent && printf '%s\\n' '\(line)' >\(server.directory)/agent/next && mv \(server.directory)/agent/next \(server.directory)/agent/words"
        )
    }

    private static func standing(_ state: HealthState?) -> Standing {
        let weight =
            switch state?.advice?.weight {
            case .percent(let percent): min(256, 100 * percent / 100)
            case .absolute(let weight): weight
            case nil: 100
            }
        switch state?.advice?.admin {
        case .drain: return Standing(weight: weight, state: state?.verdict == .up ? "DRAIN" : "DOWN")
        case .maintenance: return Standing(weight: weight, state: "MAINT")
        default: return Standing(weight: weight, state: state?.verdict == .up ? (weight == 0 ? "DRAIN" : "UP") : "DOWN")
        }
    }

    /// Of `show servers state`: the operational state (2 up), the admin state (bits of maintenance and drain) and the weight.
    private func haproxy(_ server: Server) throws -> Standing {
        let question =
            "import socket; s = socket.socket(socket.AF_UNIX); s.connect('\(server.directory)/haproxy/socket'); s.sendall(b'show servers state\\n'); print(s.makefile().read())"
        let line = try server.shell("/usr/bin/python3 -c \"\(question)\"").split(separator: "\n").first { $0.contains("web1") } ?? ""
        let fields = line.split(separator: " ")
        guard fields.count > 8, let state = Int(fields[5]), let admin = Int(fields[6]), let weight = Int(fields[7]) else {
            throw TestFault("HAProxy says \(line)")
        }
        if admin & 0x07 != 0 { return Standing(weight: weight, state: "MAINT") }
        if state != 2 { return Standing(weight: weight, state: state == 0 ? "DOWN" : "state \(state)") }
        return Standing(weight: weight, state: admin & 0x18 != 0 || weight == 0 ? "DRAIN" : "UP")
    }
}
