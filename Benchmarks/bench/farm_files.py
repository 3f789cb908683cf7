"""The same farms, as zvnft's YAML and as nftlb's JSON."""

import ipaddress
import json
import random
from pathlib import Path

#: A list as the public ones are: networks of all sizes.
PREFIXES, PREFIX_LENGTHS = 100_000, (22, 32)


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


def policy(directory, prefixes):
    """Lines of a farm whose policy drops that many networks, and the list that they are in."""
    if prefixes == 0:
        return []
    path = directory / "list.txt"
    path.write_text("".join(some_networks(prefixes, seed=prefixes)))
    return ["policies:", f"  - {{ name: listed, action: drop, sourceFile: {path} }}"]


def some_networks(count, seed):
    choice = random.Random(seed)
    lengths = [choice.randint(*PREFIX_LENGTHS) for _ in range(count)]
    return [f"{ipaddress.ip_network((choice.randrange(1 << 32), length), strict=False)}\n" for length in lengths]


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
