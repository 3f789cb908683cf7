"""What the packets of the packet-path benchmark go through, each in a namespace of its own, loaded and then left alone."""

import json
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass

import farm_files
import path_network as network
import path_rulesets
from namespaces import wait_until
from nftlb import Nftlb
from packet_source import ANY_FLOWS, FIRST, LATER, PacketPath, Stream
from report import say
from zvnft import Zvnft

MODES_OF_NFTLB = {"dnat": "dnat", "snat": "snat", "dsr": "dsr", "stateless": "stlsdnat"}
FARMS_PER_FILE = 100
#: How many connections are open while packets of open connections are measured.
OPEN_FLOWS = 1 << 16
ESTABLISHED = Stream(LATER, OPEN_FLOWS)


@dataclass
class Subject:
    name: str
    mode: str
    farms: int
    path: PacketPath
    #: Clients are from anywhere in IPv4.
    is_wide: bool = False

    @property
    def tracks(self):
        return self.mode in ("dnat", "snat")

    def streams(self):
        """Packets of open connections; where connections are tracked, first packets, and else packets of any client at all.

        Replies need somebody who knows them without having seen their connection: our own stateless rules do.
        """
        if self.is_wide:
            return {"first packets": Stream(FIRST, ANY_FLOWS, is_wide=True), "later packets": Stream(LATER, ANY_FLOWS, is_wide=True)}
        if self.mode == "plain":
            return {"established": ESTABLISHED}
        others = {"new": Stream(FIRST)} if self.tracks else {"any client": Stream(LATER, ANY_FLOWS)}
        if (self.name, self.mode) == ("zvnftd", "stateless"):
            others["replies"] = Stream(LATER, OPEN_FLOWS, are_replies=True)
        return {"established": ESTABLISHED, **others}

    def get_ready(self, kind):
        if self.tracks:
            self.forget()
            if kind == "established":
                self.open_flows()

    def forget(self):
        self.path.namespace.run("conntrack", "-F", check=False)

    def open_flows(self):
        """A handshake a flow, the server's part by the sink: afterwards conntrack has them all established."""
        self.path.send(Stream(FIRST, answers=True), self.farms, OPEN_FLOWS, first=0)
        self.path.send(Stream(LATER), self.farms, OPEN_FLOWS, first=0)


@contextmanager
def plain(place, farms):
    with place.balancer(farms) as path:
        network.forward_plainly(path.namespace)
        yield Subject("forwarding", "plain", farms, path)


@contextmanager
def zvnft(place, mode, farms):
    """The daemon is stopped once everything is in the kernel, which goes on without it."""
    with place.balancer(farms) as path:
        daemon = Zvnft(place.binaries, path.namespace, place.directory(f"zvnft-{mode}-{farms}"))
        write_farms(daemon.farms, mode, farms)
        try:
            say(f"zvnftd has {farms} × {network.BACKENDS} in {mode} in the kernel after {daemon.start():.1f} s")
        finally:
            daemon.stop()
        yield Subject("zvnftd", mode, farms, path)


@contextmanager
def zvnft_with_policy(place, prefixes):
    """One farm in dsr, where a policy is asked for more packets than anywhere else: nobody remembers what it said."""
    with place.balancer(1) as path:
        daemon = Zvnft(place.binaries, path.namespace, place.directory(f"zvnft-policy-{prefixes}"))
        write_farms(daemon.farms, "dsr", 1, farm_files.policy(daemon.directory, prefixes))
        try:
            say(f"zvnftd has a policy of {prefixes} prefixes in the kernel after {daemon.start():.1f} s")
        finally:
            daemon.stop()
        yield Subject("zvnftd", f"dsr, policy of {prefixes} prefixes", 1, path, is_wide=True)


def write_farms(directory, mode, farms, more=()):
    directory.mkdir(parents=True)
    for first in range(0, farms, FARMS_PER_FILE):
        documents = [zvnft_farm(farm, mode, more) for farm in range(first, min(first + FARMS_PER_FILE, farms))]
        (directory / f"f{first:05}.yaml").write_text("---\n".join(documents))


def zvnft_farm(farm, mode, more=()):
    lines = [f"farm: f{farm}", "listen:", f"  - {{ address: {farm_files.listener(farm)}, protocol: tcp, ports: 80 }}", f"mode: {mode}"]
    lines.append("backends:")
    for backend in range(network.BACKENDS):
        port = "" if mode == "dsr" else f", port: {network.port(farm, backend)}"
        lines.append(f"  - {{ name: b{backend}, address: {network.address(farm, backend)}{port} }}")
    return "\n".join([*lines, *more, "health: { type: none }", ""])


def is_built(place, mode, prefixes=0):
    directory = place.directory(f"check-{mode}-{prefixes}")
    write_farms(directory / "farms.d", mode, 1, farm_files.policy(directory, prefixes))
    return subprocess.run([place.binaries / "lbctl", "check", directory / "farms.d" / "f00000.yaml"], capture_output=True).returncode == 0


@contextmanager
def nftlb(place, mode, farms):
    """nftlb itself for one farm, its shape for more."""
    text = getattr(path_rulesets, f"nftlb_{mode}")
    with place.balancer(farms) as path:
        if farms == 1:
            load_nftlb(place, path.namespace, mode)
            compare(place, path.namespace, "".join(text(1)), mode)
        else:
            load_text(path.namespace, text(farms))
        yield Subject("nftlb", mode, farms, path)


def load_nftlb(place, namespace, mode):
    """It looks for devices and neighbours, for which it wants to own the address it serves, and to run for a while."""
    peer = Nftlb(namespace, place.directory(f"nftlb-{mode}"))
    backends = [(f"b{b}", network.address(0, b), str(80 if mode == "dsr" else network.port(0, b))) for b in range(network.BACKENDS)]
    farm = farm_files.nftlb_farm("f0", farm_files.listener(0), backends, MODES_OF_NFTLB[mode], scheduler="hash")
    peer.file.write_text(json.dumps({"farms": [{**farm, "sched-param": "srcip srcport"}]}))
    namespace.run("ip", "address", "add", f"{farm_files.listener(0)}/32", "dev", "front")
    namespace.run("ip", "route", "add", "default", "via", "192.0.2.2")
    try:
        peer.start()
        wait_until(lambda: has_last_backend(namespace, mode), 20, f"nftlb has its farm in mode {mode} in the kernel")
    finally:
        peer.stop()
    namespace.run("ip", "address", "delete", f"{farm_files.listener(0)}/32", "dev", "front")


def has_last_backend(namespace, mode):
    last = network.mac(0, network.BACKENDS - 1) if mode in ("dsr", "stateless") else network.address(0, network.BACKENDS - 1)
    return last in namespace.run("nft", "list", "ruleset").stdout


def compare(place, namespace, text, mode):
    """What we take for nftlb's ruleset with more farms has to be its ruleset with one."""
    with place.balancer(1) as other:
        load_text(other.namespace, [text])
        ours, its = (chains(n.run("nft", "list", "ruleset").stdout) for n in (other.namespace, namespace))
    if ours != its:
        say(f"nftlb's own ruleset in mode {mode} differs from the one that stands for it with more farms: {sorted(ours ^ its)}")


def chains(listing):
    """The listing's blocks, without their order, which is not ours."""
    lines = [line for line in listing.splitlines() if line and line[0] not in "t}"]
    return frozenset(block.strip() for block in "\n".join(lines).split("\n\t}"))


#: Rulesets that are text, by what they are called.
TEXTS = {"chain per service": "chains", "kube-proxy's shape": "endpoints", "translation alone": "nothing"}


@contextmanager
def text(place, name, mode, farms):
    with place.balancer(farms) as path:
        load_text(path.namespace, getattr(path_rulesets, f"{TEXTS[name]}_{mode}")(farms))
        yield Subject(name, mode, farms, path)


def load_text(namespace, parts):
    namespace.run("nft", "-f", "-", input="".join(parts))


class Place:
    """Where namespaces and files go."""

    def __init__(self, context, others, programs):
        self.context, self.others, self.programs = context, others, programs
        self.binaries = context.binaries
        self.count = 0

    def balancer(self, farms):
        self.count += 1
        return network.balancer(f"{self.context.lab}-x-path-{self.count}", self.others, self.programs, farms)

    def directory(self, name):
        directory = self.context.state / "path" / name
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        return directory
