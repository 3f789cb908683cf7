import FarmConfig

/// Farms that use every key that may stand together, for the tests that damage files.
enum FullFarm {
    static let files = [
        FarmFile(path: "tracked.yaml", text: Array(tracked.utf8)), FarmFile(path: "stateless.yaml", text: Array(stateless.utf8)),
    ]

    private static let tracked = """
        # Connections are tracked.
        farm: full
        listen:
          - 203.0.113.10:21
          - { address: "2001:db8::10", protocol: tcp, ports: 21 }
        mode: dnat
        scheduler: hash
        hash: [sourceAddress]
        hashPrefix: { ipv4: 24, ipv6: 56 }
        backends:
          - { name: a, address: 10.0.1.11, port: 21, connectionLimit: 100, mark: 0x2 }
          - { name: b, address: "fd00:1::12", port: 21 }
        helper: ftp
        persistence:
          key: [sourceAddress, destinationPort]
          timeout: 10m
          sessions:
            - { source: 192.0.2.7, backend: a }
            - { source: "2001:db8:1::7", backend: b }
        limits:
          newConnections: { rate: 20000/s, burst: 5000 }
          newConnectionsPerSource: 50/s
          connectionsPerSource: 200
          resetsPerSource: { rate: 20/m }
          tcpStrict: true
          synProxy: false
          banTime: 5m
        policies:
          - { name: office, action: accept, sources: [198.51.100.0/24, "2001:db8:2::/48"] }
          - { name: bad, action: drop, sourceFile: lists/bad.txt, log: 1/s }
        log: { connections: 10/s, prefix: "full " }
        mark: 0x100
        counters: traffic

        """

    private static let stateless = """
        # Nothing is.
        farm: bare
        listen: [203.0.113.11:53/udp]
        mode: stateless
        scheduler: symhash
        backends: [10.0.1.11:5353]
        health: { type: none }
        limits: { newConnectionsPerSource: 50/s }
        log: { connections: on }

        """
}
