"""The same farms, as zvnft's YAML and as nftlb's JSON."""

import json
from pathlib import Path


def listener(farm):
    return f"203.{farm // 250}.{farm % 250}.10"


def server(farm, backend):
    return f"10.{farm // 250}.{farm % 250}.{backend + 1}"


def zvnft_farm(farm, backends, health, first_backend=None):
    """`first_backend` replaces the first one: the backend that a benchmark really answers for."""
    lines = [f"farm: f{farm}", "listen:", f"  - {{ address: {listener(farm)}, protocol: tcp, ports: 80 }}", "mode: dnat", "backends:"]
    for backend in range(backends):
        own = first_backend if backend == 0 else None
        lines.append(own or f"  - {{ name: b{backend}, address: {server(farm, backend)}, port: 8080 }}")
    return "\n".join(lines + [f"health: {health}", ""])


def write_zvnft(directory, farms, backends=10, health="{ type: none }", first_backend=None):
    """A file for each farm, as operators keep them."""
    directory.mkdir(parents=True)
    for farm in range(farms):
        (directory / f"f{farm:04}.yaml").write_text(zvnft_farm(farm, backends, health, first_backend if farm == 0 else None))


def nftlb_farm(name, address, backends, mode="dnat", port="80", scheduler="weight"):
    """`backends`: triples of name, address and port."""
    return {
        "name": name, "family": "ipv4", "virtual-addr": address, "virtual-ports": port, "mode": mode, "protocol": "tcp",
        "scheduler": scheduler, "state": "up", "backends": [nftlb_backend(*backend) for backend in backends],
    }


def nftlb_backend(name, address, port, weight=1):
    return {"name": name, "ip-addr": address, "port": port, "weight": str(weight), "priority": "1", "state": "up"}


def write_nftlb(path, farms, backends=10):
    whole = [nftlb_farm(f"f{farm}", listener(farm), [(f"b{b}", server(farm, b), "8080") for b in range(backends)]) for farm in range(farms)]
    Path(path).write_text(json.dumps({"farms": whole}))
