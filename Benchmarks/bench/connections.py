"""CPU that a TCP connection costs client, balancer and server together, through each balancer and without one."""

import json
import resource
import time
from contextlib import contextmanager
from pathlib import Path

import farm_files
import lab_farms
import path_subjects
from haproxy import Haproxy
from memory import cpu_seconds
from namespaces import Namespace
from nftlb import Nftlb
from report import median, say
from subjects import accepts, place, serving
from traffic import connects
from zvnft import Zvnft

BENCHMARK = "connections"
PORT = 8080
RATE = 1000
PLACES = ("client", "balancer", "b1", "b2", "b3")
FORWARDING, HAPROXY = "forwarding", "HAProxy, tcp"
CASE = "a connection"


def measure(context, report):
    context.lab_up()
    choices = {FORWARDING: lambda: nobody(context)}
    modes = [mode for mode in ("dnat", "snat", "dsr", "stateless") if known(context, mode)]
    choices |= {f"zvnftd, {mode}": lambda mode=mode: zvnft(context, mode) for mode in modes}
    choices |= {"nftlb, dnat": lambda: nftlb(context), HAPROXY: lambda: haproxy(context)}
    results = {name: [] for name in choices}
    for _ in range(3 if context.quick else 9):
        for name, subject in choices.items():
            with subject() as target:
                results[name].append(microseconds(context, target, 3 if context.quick else 4))
            say(f"{name}: {results[name][-1]:.1f} µs a connection")
    add(report, results)


def known(context, mode):
    return path_subjects.is_built(path_subjects.Place(context, None, None), mode)


def add(report, results):
    for name, values in results.items():
        report.add(BENCHMARK, CASE, name, "CPU", median(values), "µs")
        report.add(BENCHMARK, CASE, name, "CPU, times forwarding", of_each_round(values, results[FORWARDING]))
        goal = (">=", 1.0) if name.startswith("zvnftd") else None
        report.add(BENCHMARK, CASE, name, "CPU, HAProxy's as a multiple", of_each_round(results[HAPROXY], values), goal=goal)


def of_each_round(values, others):
    return median([value / other for value, other in zip(values, others)])


def microseconds(context, target, seconds):
    """What the same processes use at rest, for probes, is taken off. The kernel counts what it does for a process as the process's."""
    at_rest = spent(context, lambda: time.sleep(1))
    before = children()
    result = []
    load = spent(context, lambda: result.append(connects(context, target, RATE, seconds, "3s").result()))
    if result[0]["failed"]:
        raise RuntimeError(f"{result[0]['failed']} connections failed, their CPU means nothing")
    return (load + children() - before - at_rest * seconds) / (RATE * seconds) * 1e6


def spent(context, act):
    """Seconds of CPU of the servers, the balancer, and of the kernel's threads that take over when a CPU has too many packets."""
    processes = [pid for name in PLACES for pid in context.namespace(name).pids()] + softirq_threads()
    before = {pid: cpu_seconds(pid) for pid in processes}
    act()
    return sum(cpu_seconds(pid) - before[pid] for pid in processes)


def softirq_threads():
    return [int(path.parent.name) for path in Path("/proc").glob("[0-9]*/comm") if path.read_text().startswith("ksoftirqd/")]


def children():
    """Seconds of CPU of the load generators that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@contextmanager
def nobody(context):
    Namespace(f"{context.lab}-balancer").clear_kernel()
    yield f"{lab_farms.SERVERS['b1']}:{PORT}"


@contextmanager
def zvnft(context, mode):
    balancer, directory = place(context)
    daemon = Zvnft(context.binaries, balancer, directory)
    daemon.farms.mkdir()
    (daemon.farms / "lab.yaml").write_text(farm(mode))
    for _ in serving(balancer, daemon, daemon.start, lambda: True):
        yield f"{lab_farms.VIP}:{PORT}"


def farm(mode):
    port = "" if mode == "dsr" else f", port: {PORT}"
    lines = ["farm: web", "listen:", f"  - {{ address: {lab_farms.VIP}, protocol: tcp, ports: {PORT} }}", f"mode: {mode}", "backends:"]
    lines += [f"  - {{ name: {name}, address: {address}{port} }}" for name, address in lab_farms.SERVERS.items()]
    return "\n".join([*lines, "health: { type: none }", ""])


@contextmanager
def nftlb(context):
    balancer, directory = place(context)
    peer = Nftlb(balancer, directory)
    backends = [(name, address, str(PORT)) for name, address in lab_farms.SERVERS.items()]
    peer.file.write_text(json.dumps({"farms": [farm_files.nftlb_farm("web", lab_farms.VIP, backends, port=str(PORT))]}))
    for _ in serving(balancer, peer, peer.start, peer.answers):
        yield f"{lab_farms.VIP}:{PORT}"


@contextmanager
def haproxy(context):
    balancer, directory = place(context)
    peer = Haproxy(balancer, directory)
    peer.configure([("web", lab_farms.VIP, PORT, [(name, address, PORT, 1) for name, address in lab_farms.SERVERS.items()])])
    for _ in serving(balancer, peer, peer.start, lambda: accepts(balancer, PORT)):
        yield f"{lab_farms.VIP}:{PORT}"
