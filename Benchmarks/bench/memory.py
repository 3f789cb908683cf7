"""Resident memory and idle CPU with 1 000 × 10 backends."""

import shutil
import time
from contextlib import ExitStack
from pathlib import Path

import farm_files
from namespaces import temporary, wait_until
from nftlb import Nftlb
from report import say
from zvnft import Zvnft

BENCHMARK = "memory"
PEER_FARMS = 100
#: What probes cost is no idleness: for them the share is shown without a goal.
MEMORY_GOAL, IDLE_GOAL = ("<=", 80.0), ("<", 1.0)


def measure(context, report):
    unprobed(context, report, PEER_FARMS, None, None)
    unprobed(context, report, 1000, MEMORY_GOAL, IDLE_GOAL)
    probed(context, report)
    peer(context, report)


def unprobed(context, report, farms, memory_goal, idle_goal):
    with temporary(f"{context.lab}-x-memory") as namespace:
        daemon = fresh(context, namespace)
        farm_files.write_zvnft(daemon.farms, farms)
        observe(context, report, f"{farms} × 10, not probed", daemon, memory_goal, idle_goal)


def probed(context, report):
    """Ten thousand addresses that all answer, in a namespace of their own."""
    with ExitStack() as stack:
        namespace = stack.enter_context(temporary(f"{context.lab}-x-memory"))
        servers = stack.enter_context(temporary(f"{context.lab}-x-servers"))
        connect(namespace, servers)
        servers.spawn(context.binaries / "farmload", "serve", "--name", "all", "--http", "8080")
        daemon = fresh(context, namespace)
        farm_files.write_zvnft(daemon.farms, 1000, health="{ type: tcp, interval: 2s }")
        observe(context, report, "1000 × 10, tcp probes every 2 s", daemon, MEMORY_GOAL, None, healthy=10_000)


def connect(namespace, servers):
    namespace.run("ip", "link", "add", "back", "type", "veth", "peer", "name", "eth0", "netns", servers.name)
    for place, device, address in ((namespace, "back", "10.255.0.1/24"), (servers, "eth0", "10.255.0.2/24")):
        place.run("ip", "address", "add", address, "dev", device)
        place.run("ip", "link", "set", device, "up")
    namespace.run("ip", "route", "add", "10.0.0.0/8", "via", "10.255.0.2")
    for network in ("10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/16", "10.3.0.0/16"):
        servers.run("ip", "route", "add", "local", network, "dev", "lo")


def fresh(context, namespace):
    directory = context.state / "memory"
    shutil.rmtree(directory, ignore_errors=True)
    return Zvnft(context.binaries, namespace, directory)


def observe(context, report, case, daemon, memory_goal, idle_goal, healthy=None):
    try:
        daemon.start()
        context.wait_for_socket(daemon)
        if healthy:
            wait_until(lambda: daemon.healthy() >= healthy, 60, f"{healthy} backends are up", 1)
        add(report, case, "zvnftd", daemon.pid, memory_goal, idle_goal, 5 if context.quick else 10)
    finally:
        daemon.stop()


def peer(context, report):
    with temporary(f"{context.lab}-x-memory") as namespace:
        balancer = Nftlb(namespace, context.state / "memory-nftlb")
        farm_files.write_nftlb(balancer.file, PEER_FARMS)
        try:
            balancer.start()
            add(report, f"{PEER_FARMS} × 10, not probed", "nftlb", balancer.pid, None, None, 5)
        finally:
            balancer.stop()


def add(report, case, subject, pid, memory_goal, idle_goal, seconds):
    time.sleep(2)
    before = cpu_seconds(pid)
    time.sleep(seconds)
    share = (cpu_seconds(pid) - before) / seconds * 100
    report.add(BENCHMARK, case, subject, "resident", resident(pid, "VmRSS"), "MB", memory_goal)
    report.add(BENCHMARK, case, subject, "resident at most", resident(pid, "VmHWM"), "MB")
    report.add(BENCHMARK, case, subject, f"CPU over {seconds} s", share, "%", idle_goal)
    say(f"{case}: {subject}: {resident(pid, 'VmRSS'):.0f} MB, {share:.2f} % CPU")


def resident(pid, key):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key)) / 1000


def cpu_seconds(pid):
    """Of all threads, in the scheduler's nanoseconds: the ticks of `stat` are too coarse for a process that rests."""
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9
