"""The balancers that carry the lab's traffic, one at a time, alike to start and stop."""

import json
import shutil
import socket
import sys
from contextlib import contextmanager
from pathlib import Path

import lab_farms
from haproxy import Haproxy
from namespaces import Namespace, wait_until
from nftlb import Nftlb
from zvnft import Zvnft

PROBER = Path(__file__).with_name("nftlb_prober.py")


@contextmanager
def zvnft(context, mode):
    balancer, directory = place(context)
    daemon = Zvnft(context.binaries, balancer, directory)
    daemon.farms.mkdir()
    (daemon.farms / "lab.yaml").write_text(lab_farms.zvnft(mode))
    yield from serving(balancer, daemon, daemon.start, lambda: daemon.healthy() == 6)


@contextmanager
def nftlb(context, with_prober):
    balancer, directory = place(context)
    peer = Nftlb(balancer, directory)
    peer.file.write_text(json.dumps(lab_farms.nftlb()))

    def start():
        peer.start()
        if with_prober:
            peer.prober = balancer.spawn(sys.executable, PROBER, 100, 2, *prober_words())

    yield from serving(balancer, peer, start, peer.answers)


@contextmanager
def haproxy(context, redispatch=False):
    balancer, directory = place(context)
    peer = Haproxy(balancer, directory, redispatch)
    peer.configure(lab_farms.haproxy())
    yield from serving(balancer, peer, peer.start, lambda: accepts(balancer))


def place(context):
    directory = context.state / "subject"
    shutil.rmtree(directory, ignore_errors=True)
    return Namespace(f"{context.lab}-balancer"), directory


def serving(balancer, subject, start, is_ready):
    balancer.clear_kernel()
    try:
        start()
        wait_until(is_ready, 20, f"{subject.name} is ready")
        yield subject
    finally:
        subject.stop()
        balancer.clear_kernel()


def accepts(balancer, port=80):
    with balancer.entered():
        probe = socket.socket()
    with probe:
        return probe.connect_ex((lab_farms.VIP, port)) == 0


def prober_words():
    return [
        f"{farm}/{server}={address}:{inner}" for farm, (_, inner) in lab_farms.PORTS.items()
        for server, address in lab_farms.SERVERS.items()]
