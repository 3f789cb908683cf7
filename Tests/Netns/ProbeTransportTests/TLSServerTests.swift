import FarmModel
import Glibc
import HealthPolicy
import HealthProbing
import TestNamespaces
import Testing

/// Certificates of every kind, shown by openssl s_server and nginx.
@Suite(.timeLimit(.minutes(2))) struct TLSServerTests {
    /// A CA, and certificates of it and without it: name.pem with name.key.
    private static let certificates = """
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -subj /CN=lab -days 400
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other-ca.key -out other-ca.pem -subj /CN=other -days 400
        openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout self.key -out self.pem -subj /CN=www.example \
            -addext subjectAltName=DNS:www.example -days 400
        sign() { # name, subjectAltName, days or dates
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key -out $1.csr -subj /CN=$1
            echo "subjectAltName=$2" >$1.ext; shift 2
        }
        for name in good near; do
            sign $name DNS:www.example,IP:10.9.0.2
            days=100; [ $name = good ] || days=5
            openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile $name.ext -days $days -out $name.pem
        done
        sign expired DNS:www.example
        mkdir -p demo; : >demo/index; echo 01 >demo/serial
        printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=demo/index\\nserial=demo/serial\\nnew_certs_dir=demo\\ndefault_md=sha256\\npolicy=p\\n[p]\\ncommonName=supplied\\n' >demo/ca.conf
        openssl ca -batch -config demo/ca.conf -cert ca.pem -keyfile ca.key -in expired.csr -extfile expired.ext \
            -startdate 200101000000Z -enddate 210301000000Z -out expired.pem
        """

    private func wire() throws -> Wire {
        let wire = try Wire()
        _ = try wire.atServer(Self.certificates)
        return wire
    }

    private func serve(_ certificate: String, on port: Int, _ wire: Wire, _ options: String = "") throws {
        try wire.serve(
            "openssl s_server -accept \(port) -cert \(certificate).pem -key \(certificate).key -www -quiet \(options)", port: port)
    }

    private func check(
        _ wire: Wire, _ kind: HealthCheck.Kind = .http(HTTPCheck()), ca: String = "ca.pem", name: String? = "www.example",
        verify: Bool = true
    ) -> HealthCheck {
        quick(kind, way: ProbeWay(tls: TLSCheck(verify: verify, serverName: name, ca: "\(wire.directory)/\(ca)")))
    }

    @Test func certificatesAreJudgedWithTheReason() async throws {
        let wire = try wire()
        for (index, name) in ["good", "near", "expired", "self"].enumerated() { try serve(name, on: 4430 + index, wire) }
        func verdict(_ check: HealthCheck, _ port: UInt16) async throws -> String {
            try await wire.loop().judge(try wire.target(check, port: port))
        }
        let good = try await verdict(check(wire), 4430)
        #expect(good.hasPrefix("up: status 200, TLSv1.3, certificate until 20"), "\(good)")
        #expect(try await verdict(check(wire, .tcp), 4430).hasPrefix("up: connected, TLSv1.3, certificate until 20"))
        #expect(try await verdict(check(wire, name: nil), 4430).hasPrefix("up: status 200"), "its address is in the certificate")
        #expect(try await verdict(check(wire, name: "10.9.0.9"), 4430) == "down: certificate is not for this address")
        #expect(try await verdict(check(wire, name: "ftp.example"), 4430) == "down: certificate is for another name")
        #expect(try await verdict(check(wire, ca: "other-ca.pem"), 4430) == "down: certificate is of an unknown CA")
        #expect(try await verdict(check(wire), 4432) == "down: certificate expired on 2021-03-01")
        #expect(try await verdict(check(wire), 4433) == "down: certificate is self-signed")
        let unverified = try await verdict(check(wire, verify: false), 4432)
        #expect(
            unverified.hasPrefix("up: status 200, TLSv1.3, certificate ends in -") && unverified.hasSuffix(" 2021-03-01"), "\(unverified)")
    }

    @Test func certificateThatEndsSoonWarns() async throws {
        let wire = try wire()
        try serve("near", on: 4431, wire)
        let (probing, target) = (try wire.loop(), try wire.target(check(wire), port: 4431))
        let words = try await probing.judge(target)
        #expect(["4", "5"].contains { words.hasPrefix("up: status 200, TLSv1.3, certificate ends in \($0) days, ") }, "\(words)")
        #expect(try probing.loop.state(of: target)?.advice == ProbeAdvice(isDegraded: true))
    }

    @Test(arguments: ["-tls1_2", "-tls1_3"]) func otherVersionsWork(_ version: String) async throws {
        let wire = try wire()
        try serve("good", on: 4430, wire, version)
        let words = try await wire.loop().judge(try wire.target(check(wire), port: 4430))
        #expect(words.hasPrefix("up: status 200, \(version == "-tls1_2" ? "TLSv1.2" : "TLSv1.3")"), "\(words)")
    }

    @Test func clientCertificateThatWeDoNotHaveIsAFailure() async throws {
        let wire = try wire()
        try serve("good", on: 4430, wire, "-tls1_2 -Verify 1 -CAfile ca.pem")
        let words = try await wire.loop().judge(try wire.target(check(wire), port: 4430))
        #expect(words.hasPrefix("down: TLS handshake failed: "), "\(words)")
    }

    private func residentBytes() throws -> Int {
        4096 * (Int(try Shell.run("cut -d' ' -f2 /proc/\(getpid())/statm").trimmed) ?? 0)
    }

    /// Bytes of memory that a kept connection costs, TLS and all; measured 2026-11: see docs/probes.md.
    @Test func keptConnectionsOverTLSAreSmall() async throws {
        let wire = try wire()
        _ = try wire.atServer(
            """
            cat >nginx.conf <<END
            daemon off; user root; worker_processes 1; pid $PWD/nginx.pid; error_log $PWD/error.log crit;
            events { worker_connections 2048; }
            http {
                access_log off; keepalive_requests 100000; keepalive_timeout 60;
                client_body_temp_path $PWD/a; proxy_temp_path $PWD/b; fastcgi_temp_path $PWD/c; uwsgi_temp_path $PWD/d; scgi_temp_path $PWD/e;
                server { listen 8443 ssl backlog=1024; ssl_certificate $PWD/good.pem; ssl_certificate_key $PWD/good.key; location / { return 200 ok; } }
            }
            END
            """)
        try wire.serve("nginx -c $PWD/nginx.conf -e $PWD/error.log", port: 8443)
        let probing = try wire.loop()
        func targets(_ count: Int) throws -> [ProbeTarget: Verdict?] {
            var targets: [ProbeTarget: Verdict?] = [:]
            for number in 0..<count {
                var check = check(wire, .http(HTTPCheck(path: "/\(number)")))
                (check.interval, check.timeout) = (.seconds(3), .seconds(2))
                targets[try wire.target(check, port: 8443)] = .some(nil)
            }
            return targets
        }
        try probing.loop.setTargets(try targets(20))
        #expect(try await probing.waits { $0.counts().kept == 20 })
        let before = try residentBytes()
        try probing.loop.setTargets(try targets(420))
        #expect(try await probing.waits { $0.counts().kept == 420 })
        let each = (try residentBytes() - before) / 400
        print("a kept TLS connection with its target: \(each) bytes")
        #expect(each < 48_000)
    }

    /// nginx keeps connections: one handshake carries all probes, until nginx is told to end.
    @Test func nginxKeepsConnectionsOfBothKinds() async throws {
        let wire = try wire()
        _ = try wire.atServer(
            """
            cat >nginx.conf <<END
            daemon off; user root; worker_processes 1; pid $PWD/nginx.pid; error_log $PWD/error.log info;
            events { }
            http {
                access_log $PWD/access.log; keepalive_requests 20;
                client_body_temp_path $PWD/a; proxy_temp_path $PWD/b; fastcgi_temp_path $PWD/c; uwsgi_temp_path $PWD/d; scgi_temp_path $PWD/e;
                log_format connections '\\$connection \\$connection_requests \\$server_port';
                access_log $PWD/connections.log connections;
                server {
                    listen 8080; listen 8443 ssl; ssl_certificate $PWD/good.pem; ssl_certificate_key $PWD/good.key;
                    location / { return 200 "ok\\n"; }
                }
            }
            END
            """)
        try wire.serve("nginx -c $PWD/nginx.conf -e $PWD/error.log", port: 8443)
        let probing = try wire.loop()
        let plain = try wire.target(quick(.http(HTTPCheck()), timeout: 200), port: 8080)
        let secure = try wire.target(check(wire), port: 8443)
        try probing.probe(plain, secure)
        #expect(
            try await probing.waits { loop in
                [plain, secure].allSatisfy { (loop.state(of: $0)?.counts.successes ?? 0) >= 30 }
            })
        for target in [plain, secure] { #expect(try probing.loop.state(of: target)?.counts.failures == 0) }
        // 20 requests a connection, as its configuration says.
        let connections = try wire.atServer("cut -d' ' -f1,3 connections.log | sort -u | wc -l; wc -l <connections.log").split(
            separator: "\n")
        let (opened, asked) = (Int(connections[0].filter(\.isNumber)) ?? 0, Int(connections[1].filter(\.isNumber)) ?? 0)
        #expect(opened >= 4 && opened <= asked / 10, "\(opened) connections, \(asked) requests")
    }
}
