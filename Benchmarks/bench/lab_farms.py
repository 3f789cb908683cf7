"""The farms that carry traffic in the lab, for every subject: `web` answers HTTP on 80, `lines` echoes lines on 9000."""

import farm_files

VIP = "203.0.113.10"
SERVERS = {"b1": "10.0.1.11", "b2": "10.0.1.12", "b3": "10.0.1.13"}
HEALTH = "{ type: tcp, interval: 100ms, timeout: 100ms, rise: 2, fall: 2 }"
PORTS = {"web": (80, 8080), "lines": (9000, 9000)}


def zvnft(mode, servers=SERVERS, weights=None, scheduler="round-robin", prefix=""):
    documents = []
    for name, (port, inner) in PORTS.items():
        lines = [
            f"farm: {prefix}{name}", "listen:", f"  - {{ address: {VIP}, protocol: tcp, ports: {port} }}", f"mode: {mode}",
            f"scheduler: {scheduler}", "backends:"]
        for server, address in servers.items():
            lines.append(f"  - {{ name: {server}, address: {address}, port: {inner}, weight: {(weights or {}).get(server, 1)} }}")
        documents.append("\n".join([*lines, f"health: {HEALTH}", ""]))
    return "---\n".join(documents)


def nftlb(servers=SERVERS, scheduler="rr"):
    def farm(name, port, inner):
        backends = [(server, address, str(inner)) for server, address in servers.items()]
        return farm_files.nftlb_farm(name, VIP, backends, port=str(port), scheduler=scheduler)

    return {"farms": [farm(name, *ports) for name, ports in PORTS.items()]}


def haproxy(servers=SERVERS, weights=None):
    def service(name, port, inner):
        return name, VIP, port, [(server, address, inner, (weights or {}).get(server, 1)) for server, address in servers.items()]

    return [service(name, *ports) for name, ports in PORTS.items()]
