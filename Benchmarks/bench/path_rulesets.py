"""Rulesets of others for the packet path, written as text: what nftlb writes, and kube-proxy's shape: a chain per service behind a
verdict map, once with a map of backends in it and once with a chain per endpoint behind it, as kube-proxy has.

nftlb's are word for word what nftlb 1.0 leaves in `nft list ruleset` for farms of mode dnat, snat, dsr and stlsdnat with scheduler
`hash` over source address and port; the benchmark loads nftlb itself with one farm and compares. It would take it hours to load more.
"""

import path_network as network
from farm_files import listener

BACKENDS = range(network.BACKENDS)
HASH = f"jhash ip saddr . tcp sport mod {network.BACKENDS}"


def nftlb_nat(farms, first_mark):
    """`first_mark`: nftlb numbers backends by connection marks; those to masquerade have the highest bit set."""
    def marked(farm, backend):
        return f"0x{first_mark + farm * network.BACKENDS + backend + 1:08x}"

    for farm in range(farms):
        marks = ", ".join(f"{backend} : {marked(farm, backend)}" for backend in BACKENDS)
        targets = ", ".join(
            f"{marked(farm, backend)} : {network.address(farm, backend)} . {network.port(farm, backend)}" for backend in BACKENDS)
        yield f"""add table ip nftlb
add chain ip nftlb filter-f{farm}
add rule ip nftlb filter-f{farm} ct state new ct mark 0x0 ct mark set {HASH} map {{ {marks} }}
add chain ip nftlb nat-f{farm}
add rule ip nftlb nat-f{farm} ip protocol tcp dnat to ct mark map {{ {targets} }}
"""
    yield f"""{service_map("ip nftlb", "filter-proto-services", farms, "filter-f")}
{service_map("ip nftlb", "nat-proto-services", farms, "nat-f")}
add map ip nftlb services-back-m {{ type mark : ipv4_addr; }}
add chain ip nftlb filter {{ type filter hook prerouting priority mangle; policy accept; }}
add rule ip nftlb filter meta mark 0x0 meta mark set ct mark
add rule ip nftlb filter ip protocol . ip daddr . th dport vmap @filter-proto-services
add chain ip nftlb prerouting {{ type nat hook prerouting priority dstnat; policy accept; }}
add rule ip nftlb prerouting ct state new meta mark 0x0 meta mark set ct mark
add rule ip nftlb prerouting ip protocol . ip daddr . th dport vmap @nat-proto-services
add chain ip nftlb postrouting {{ type nat hook postrouting priority srcnat; policy accept; }}
add rule ip nftlb postrouting ct mark 0x0 ct mark set meta mark
add rule ip nftlb postrouting ct mark & 0x80000000 == 0x80000000 masquerade
add rule ip nftlb postrouting snat to ct mark map @services-back-m
"""


def nftlb_dnat(farms):
    return nftlb_nat(farms, 0)


def nftlb_snat(farms):
    return nftlb_nat(farms, 0x80000000)


def service_map(table, name, farms, chain):
    elements = ", ".join(f"tcp . {listener(farm)} . 80 : goto {chain}{farm}" for farm in range(farms))
    return f"add map {table} {name} {{ type inet_proto . ipv4_addr . inet_service : verdict; elements = {{ {elements} }}; }}"


def selected(farm, of):
    return f"{HASH} map {{ " + ", ".join(f"{backend} : {of(farm, backend)}" for backend in BACKENDS) + " }"


def by_mac(farm, value):
    return "ether daddr map { " + ", ".join(f"{network.mac(farm, backend)} : {value(backend)}" for backend in BACKENDS) + " }"


def out_by_mac(farm):
    return f"fwd to {by_mac(farm, lambda _: chr(34) + 'back' + chr(34))}"


def nftlb_dsr(farms):
    for farm in range(farms):
        yield f"""add table netdev nftlb
add chain netdev nftlb f{farm}
add rule netdev nftlb f{farm} ether saddr set {network.FRONT_MAC} ether daddr set {selected(farm, network.mac)} {out_by_mac(farm)}
"""
    yield nftlb_ingress(farms)


def nftlb_ingress(farms):
    return f"""{service_map("netdev nftlb", "proto-services-front", farms, "f")}
add chain netdev nftlb ingress-front {{ type filter hook ingress device "front" priority 101; policy accept; }}
add rule netdev nftlb ingress-front ip protocol . ip daddr . th dport vmap @proto-services-front
"""


def nftlb_stateless(farms):
    replies = []
    for farm in range(farms):
        addresses = ", ".join(f"{network.address(farm, backend)} : {network.mac(farm, backend)}" for backend in BACKENDS)
        replies += [f"tcp . {network.address(farm, backend)} . {network.port(farm, backend)} : goto f{farm}-back" for backend in BACKENDS]
        yield f"""add table netdev nftlb
add map netdev nftlb map-f{farm}-back {{ type ipv4_addr : ether_addr; size 65535; timeout 1m; }}
add chain netdev nftlb f{farm}-back
add rule netdev nftlb f{farm}-back ip saddr set {listener(farm)} ether saddr set {network.FRONT_MAC} \
ether daddr set ip daddr map @map-f{farm}-back fwd to "front"
add chain netdev nftlb f{farm}
add rule netdev nftlb f{farm} update @map-f{farm}-back {{ ip saddr : ether saddr }}
add rule netdev nftlb f{farm} ip daddr set {selected(farm, network.address)} ether daddr set ip daddr map {{ {addresses} }} \
tcp dport set {by_mac(farm, lambda backend: network.port(farm, backend))} ether saddr set {network.FRONT_MAC} {out_by_mac(farm)}
"""
    yield f"""add map netdev nftlb proto-services-dnat-front {{ type inet_proto . ipv4_addr . inet_service : verdict; \
elements = {{ {", ".join(replies)} }}; }}
add chain netdev nftlb ingress-dnat-front {{ type filter hook ingress device "front" priority 100; policy accept; }}
add rule netdev nftlb ingress-dnat-front ip protocol . ip saddr . th sport vmap @proto-services-dnat-front
{nftlb_ingress(farms)}"""


def chains_dsr(farms):
    """The same work as our dsr, with the service's chain found by a verdict map."""
    for farm in range(farms):
        yield f"""add table netdev services
add chain netdev services service-{farm}
add rule netdev services service-{farm} ether daddr set {selected(farm, network.mac)} ether saddr set {network.BACK_MAC} fwd to "back"
"""
    yield f"""{service_verdicts("netdev services", farms)}
add chain netdev services ingress {{ type filter hook ingress device "front" priority 0; policy accept; }}
add rule netdev services ingress ip daddr . meta l4proto . th dport vmap @service-ips
"""


def endpoints_dsr(farms):
    """kube-proxy's shape doing dsr: a chain per service, and one per endpoint of it."""
    for farm in range(farms):
        yield "add table netdev services\n" + endpoint_chains("netdev services", farm, lambda backend: (
            f'ether daddr set {network.mac(farm, backend)} ether saddr set {network.BACK_MAC} fwd to "back"'))
    yield f"""{service_verdicts("netdev services", farms)}
add chain netdev services ingress {{ type filter hook ingress device "front" priority 0; policy accept; }}
add rule netdev services ingress ip daddr . meta l4proto . th dport vmap @service-ips
"""


def endpoint_chains(table, farm, deed):
    """kube-proxy takes `numgen random` where we take the hash that all take here."""
    chains = "".join(
        f"add chain {table} endpoint-{farm}-{backend}\nadd rule {table} endpoint-{farm}-{backend} {deed(backend)}\n" for backend in BACKENDS)
    verdicts = ", ".join(f"{backend} : goto endpoint-{farm}-{backend}" for backend in BACKENDS)
    return f"""{chains}add chain {table} service-{farm}
add rule {table} service-{farm} {HASH} vmap {{ {verdicts} }}
"""


def chains_dnat(farms):
    """As kube-proxy, but without a chain per endpoint and its masquerading, which would cost more."""
    def target(farm, backend):
        return f"{network.address(farm, backend)} . {network.port(farm, backend)}"

    for farm in range(farms):
        yield f"""add table ip services
add chain ip services service-{farm}
add rule ip services service-{farm} ip protocol tcp dnat to {selected(farm, target)}
"""
    yield from_prerouting(farms)


def endpoints_dnat(farms):
    """kube-proxy's shape, without its masquerading."""
    for farm in range(farms):
        yield "add table ip services\n" + endpoint_chains("ip services", farm, lambda backend: (
            f"meta l4proto tcp dnat to {network.address(farm, backend)}:{network.port(farm, backend)}"))
    yield from_prerouting(farms)


def nothing_dnat(farms):
    """Whoever comes goes to some machine, by one rule: what the kernel's own translation costs, and no ruleset can spare."""
    machines = ", ".join(
        f"{number} : {network.address(number // network.BACKENDS, number % network.BACKENDS)} . {network.port(0, 0)}"
        for number in range(network.MACHINES))
    yield f"""add table ip nothing
add chain ip nothing nat-prerouting {{ type nat hook prerouting priority dstnat; policy accept; }}
add rule ip nothing nat-prerouting ip protocol tcp dnat to jhash ip saddr . tcp sport mod {network.MACHINES} map {{ {machines} }}
"""


def from_prerouting(farms):
    return f"""{service_verdicts("ip services", farms)}
add chain ip services services
add rule ip services services ip daddr . meta l4proto . th dport vmap @service-ips
add chain ip services nat-prerouting {{ type nat hook prerouting priority dstnat; policy accept; }}
add rule ip services nat-prerouting jump services
"""


def service_verdicts(table, farms):
    elements = ", ".join(f"{listener(farm)} . tcp . 80 : goto service-{farm}" for farm in range(farms))
    return f"add map {table} service-ips {{ type ipv4_addr . inet_proto . inet_service : verdict; elements = {{ {elements} }}; }}"
