import FarmModel
import NetTypes

/// The keys of a `health` mapping that say how a probe travels, and what name servers and programs are asked, as far as they were written.
struct TransportSettings {
    var source: IPAddress?
    var interface: String?
    var jitter: Int?
    var reuse: Bool?
    var via: ProbeVia?
    var verify: Bool?
    var serverName, ca: String?
    var daysLeft: Int?
    var dns = DNSSettings()
    var exec = ExecSettings()

    func over(_ base: TransportSettings) -> TransportSettings {
        var whole = TransportSettings(
            source: source ?? base.source, interface: interface ?? base.interface, jitter: jitter ?? base.jitter,
            reuse: reuse ?? base.reuse, via: via ?? base.via, verify: verify ?? base.verify, serverName: serverName ?? base.serverName,
            ca: ca ?? base.ca,
            daysLeft: daysLeft ?? base.daysLeft)
        (whole.dns, whole.exec) = (dns.over(base.dns), exec.over(base.exec))
        return whole
    }

    func way(of type: String) -> ProbeWay {
        ProbeWay(
            tls: ["https", "tls"].contains(type) ? tls : nil, reuse: reuse ?? true, source: source, interface: interface,
            jitter: jitter ?? 0, via: via ?? .direct)
    }

    private var tls: TLSCheck {
        let defaults = TLSCheck()
        return TLSCheck(
            verify: verify ?? defaults.verify, serverName: serverName, ca: ca, daysLeft: daysLeft ?? defaults.daysLeft)
    }

    /// Nil for a type that has nothing to do with these keys.
    func kind(_ type: String) -> HealthCheck.Kind? {
        switch type {
        case "icmp": .icmp
        case "dns": .dns(dns.check)
        case "exec": .exec(exec.check)
        default: nil
        }
    }
}

struct DNSSettings {
    var query: String?
    var type: DNSCheck.RecordType?
    var rcode: DNSCheck.ResponseCode?
    var answer: String?
    var isOverTCP: Bool?

    func over(_ base: DNSSettings) -> DNSSettings {
        DNSSettings(
            query: query ?? base.query, type: type ?? base.type, rcode: rcode ?? base.rcode, answer: answer ?? base.answer,
            isOverTCP: isOverTCP ?? base.isOverTCP)
    }

    var check: DNSCheck {
        DNSCheck(query: query ?? ".", type: type ?? .a, rcode: rcode ?? .noError, answer: answer, isOverTCP: isOverTCP ?? false)
    }
}

struct ExecSettings {
    var command: [String]?
    var user: String?
    var convention: ExecCheck.Convention?
    var maxParallel: Int?

    func over(_ base: ExecSettings) -> ExecSettings {
        ExecSettings(
            command: command ?? base.command, user: user ?? base.user, convention: convention ?? base.convention,
            maxParallel: maxParallel ?? base.maxParallel)
    }

    var check: ExecCheck {
        let defaults = ExecCheck(command: command ?? [])
        return ExecCheck(
            command: defaults.command, user: user ?? defaults.user, convention: convention ?? defaults.convention,
            maxParallel: maxParallel ?? defaults.maxParallel)
    }
}
