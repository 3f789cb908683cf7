"""One backend ten times slower than the others: how far do the connections that each of them has lie apart?"""

import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

from haproxy import Haproxy
from lab_farms import HEALTH, SERVERS, VIP
from report import say
from subjects import accepts, place, serving
from zvnft import Zvnft

BENCHMARK = "least"
PORT = 8300
SLOW, MEAN, TIMES_SLOWER = "b1", 1.0, 10
#: Connections of each backend if they are level.
LEVEL = 200
SETTLING, WATCHED = 10, 10
HERE = Path(__file__).parent
CASE = f"b1 {TIMES_SLOWER} times slower, {LEVEL} connections each when level"


def measure(context, report):
    context.lab_up()
    for name, subject in choices(context).items():
        with servers(context) as watched, subject():
            add(report, name, watched, *under_load(context, 4 if context.quick else WATCHED))


def choices(context):
    return {
        "zvnftd, least-connections": lambda: zvnft(context, "least-connections"),
        "HAProxy, leastconn": lambda: haproxy(context, "leastconn"),
        "zvnftd, random": lambda: zvnft(context, "random"),
    }


def under_load(context, seconds):
    rate = LEVEL * sum(1 / mean_of(name) for name in SERVERS)
    began = time.monotonic()
    client = context.namespace("client").run(sys.executable, HERE / "waiting_client.py", VIP, PORT, rate, SETTLING + seconds)
    return began, [int(word) for word in client.stdout.split()]


def mean_of(name):
    return MEAN * (TIMES_SLOWER if name == SLOW else 1)


def add(report, name, watched, began, counts):
    answered, failed, waiting = counts
    late = [live for at, live in sorted(together(watched).items()) if at >= began + SETTLING]
    spreads = [spread(live.values()) for live in late]
    means = {server: sum(live[server] for live in late) / len(late) for server in SERVERS}
    say(f"{name}: {answered} answered, {failed} failed, {waiting} waiting; connections "
        + ", ".join(f"{server} {mean:.0f}" for server, mean in means.items()))
    goal = ("<=", 25) if name.endswith("least-connections") else None
    report.add(BENCHMARK, CASE, name, "most beyond least, of the mean, on average", sum(spreads) / len(spreads), "%", goal)
    report.add(BENCHMARK, CASE, name, "the same at the worst moment", max(spreads), "%")
    report.add(BENCHMARK, CASE, name, "the same of each backend's mean", spread(means.values()), "%", goal)
    report.add(BENCHMARK, CASE, name, "failed", failed, "", ("==", 0) if name.startswith("zvnftd") else None)
    for server, mean in means.items():
        report.add(BENCHMARK, CASE, name, f"connections of {server}", mean)


def spread(values):
    values = list(values)
    return (max(values) - min(values)) / (sum(values) / len(values)) * 100


def together(watched):
    """What all servers said at the same moment."""
    moments = {}
    for server, said in watched.items():
        for tick, live in said:
            moments.setdefault(tick * 0.1, {})[server] = live
    return {at: live for at, live in moments.items() if len(live) == len(SERVERS)}


@contextmanager
def servers(context):
    processes, watched = [], {}
    try:
        for name, address in SERVERS.items():
            process = context.namespace(name).spawn(
                sys.executable, HERE / "slow_server.py", address, PORT, mean_of(name), stdout=subprocess.PIPE, text=True)
            processes.append(process)
            watched[name] = []
            threading.Thread(target=listen, args=(process.stdout, watched[name]), daemon=True).start()
        yield watched
    finally:
        for process in processes:
            process.kill()
            process.wait()


def listen(lines, said):
    for line in lines:
        tick, live = line.split()
        said.append((int(tick), int(live)))


@contextmanager
def zvnft(context, scheduler):
    balancer, directory = place(context)
    daemon = Zvnft(context.binaries, balancer, directory)
    daemon.farms.mkdir()
    (daemon.farms / "lab.yaml").write_text(farm(scheduler))
    yield from serving(balancer, daemon, daemon.start, lambda: daemon.healthy() == len(SERVERS))


def farm(scheduler):
    lines = ["farm: web", "listen:", f"  - {{ address: {VIP}, protocol: tcp, ports: {PORT} }}", "mode: dnat", f"scheduler: {scheduler}",
             "backends:"]
    lines += [f"  - {{ name: {name}, address: {address}, port: {PORT} }}" for name, address in SERVERS.items()]
    return "\n".join([*lines, f"health: {HEALTH}", ""])


@contextmanager
def haproxy(context, balance):
    balancer, directory = place(context)
    peer = Haproxy(balancer, directory)
    peer.configure([("web", VIP, PORT, [(name, address, PORT, 1) for name, address in SERVERS.items()])], balance)
    yield from serving(balancer, peer, peer.start, lambda: accepts(balancer, PORT))
