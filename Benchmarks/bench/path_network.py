"""The network of the packet-path benchmark: a namespace a balancer, cabled to one that stands for everybody else."""

from contextlib import contextmanager

from namespaces import Namespace
from packet_source import PacketPath

BACKENDS = 10
MACHINES = 1000
FRONT_MAC, BACK_MAC, CLIENTS_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:02:00:00:00:01"
#: Whom plain forwarding sends everything to. The second octet of a server's MAC is what the sink knows it by.
NEXT_HOP, NEXT_HOP_MAC = "10.255.255.1", "02:01:ff:ff:ff:ff"


def machine(farm, backend):
    """Ten thousand farms have a hundred thousand backends, but no data centre has as many neighbours: they share machines."""
    return (farm * BACKENDS + backend) % MACHINES


def address(farm, backend):
    number = machine(farm, backend)
    return f"10.0.{number // 250}.{number % 250 + 1}"


def mac(farm, backend):
    number = machine(farm, backend)
    return f"02:01:00:00:{number >> 8:02x}:{number & 255:02x}"


def port(farm, backend):
    return 8000 + (farm * BACKENDS + backend) // MACHINES


def machines_of(farms):
    return {address(farm, backend): mac(farm, backend) for farm in range(min(farms, MACHINES // BACKENDS)) for backend in range(BACKENDS)}


@contextmanager
def balancer(name, others, programs, farms):
    """A namespace that forwards, knows the way to clients and servers, and resolves nobody."""
    namespace = Namespace.made(name)
    try:
        prepare(namespace, others, name.rsplit("-", 1)[-1])
        batch(namespace, neighbours(farms))
        path = PacketPath(programs, namespace, *(bytes.fromhex(its_mac.replace(":", "")) for its_mac in (FRONT_MAC, BACK_MAC)))
        yield path
        path.close()
    finally:
        namespace.remove()


def prepare(namespace, others, suffix):
    namespace.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0")
    for device, own, its_address in (("front", FRONT_MAC, "192.0.2.1/24"), ("back", BACK_MAC, "10.255.255.254/8")):
        peer = f"{device}{suffix}"
        namespace.run("ip", "link", "add", device, "address", own, "type", "veth", "peer", "name", peer, "netns", others.name)
        others.run("ip", "link", "set", peer, "up")
        namespace.run("ip", "link", "set", device, "up")
        namespace.run("ip", "address", "add", its_address, "dev", device)
    namespace.run("ip", "route", "add", "198.18.0.0/15", "via", "192.0.2.2")


def neighbours(farms):
    known = [("192.0.2.2", CLIENTS_MAC, "front"), (NEXT_HOP, NEXT_HOP_MAC, "back")]
    known += [(its, its_mac, "back") for its, its_mac in machines_of(farms).items()]
    return [f"neighbour add {its} lladdr {its_mac} dev {device} nud permanent" for its, its_mac, device in known]


def batch(namespace, lines):
    namespace.run("ip", "-batch", "-", input="\n".join([*lines, ""]))


def forward_plainly(namespace):
    namespace.run("ip", "route", "add", "203.0.0.0/8", "via", NEXT_HOP)
