"""One backend's verdict or override, with 1 000 × 10 farms loaded: how long until the kernel has it."""

import random
import socket
import time

import farm_files
from kernel_watch import RESET, SYN_ACK, KernelWatch
from namespaces import Namespace, temporary
from nftlb import Nftlb
from report import percentile, say
from zvnft import Zvnft

BENCHMARK = "flip"
FARMS = 1000
PEER_FARMS = 100
SERVER, PORT = "10.0.1.11", 7001
PROBE = "{ type: tcp, interval: 20ms, timeout: 20ms, rise: 1, fall: 1 }"


def measure(context, report):
    context.lab_up()
    balancer = Namespace(f"{context.lab}-balancer")
    daemon = Zvnft(context.binaries, balancer, context.state / "flip")
    own = f"  - {{ name: b0, address: {SERVER}, port: {PORT}, health: {PROBE} }}"
    farm_files.write_zvnft(daemon.farms, FARMS, first_backend=own)
    try:
        say(f"{FARMS} × 10 farms in {daemon.start():.2f} s")
        context.wait_for_socket(daemon)
        verdicts(context, report, daemon, balancer)
        overrides(context, report, daemon)
    finally:
        daemon.stop()
        balancer.clear_kernel()


class Listener:
    """A server that answers probes while it is open: the kernel completes or refuses, nobody has to accept."""

    def __init__(self, namespace):
        self.namespace, self.socket = namespace, None

    def open(self):
        with self.namespace.entered():
            self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((SERVER, PORT))
        self.socket.listen(4096)

    def close(self):
        self.socket.close()
        self.socket = None


def verdicts(context, report, daemon, balancer):
    count = 200 if context.quick else 1000
    watch = KernelWatch(balancer, "back", SERVER, PORT)
    listener = Listener(Namespace(f"{context.lab}-b1"))
    random.seed(1)
    ups, downs, missing = [], [], 0
    before = own_counts(daemon)
    for flip in range(count):
        time.sleep(random.uniform(0.01, 0.03))
        watch.drain()
        is_up = flip % 2 == 0
        listener.open() if is_up else listener.close()
        seconds = watch.answer_to_generation(SYN_ACK if is_up else RESET, 2)
        if seconds is None:
            missing += 1
        else:
            (ups if is_up else downs).append(seconds * 1000)
    case = f"verdict → kernel, {count} flips, {FARMS} × 10"
    both = ups + downs
    report.add(BENCHMARK, case, "zvnftd", "p50", percentile(both, 0.5), "ms")
    report.add(BENCHMARK, case, "zvnftd", "p99", percentile(both, 0.99), "ms", ("<=", 2.0))
    report.add(BENCHMARK, case, "zvnftd", "max", max(both, default=None), "ms")
    report.add(BENCHMARK, case, "zvnftd", "p99 of down", percentile(downs, 0.99), "ms")
    report.add(BENCHMARK, case, "zvnftd", "p99 of up", percentile(ups, 0.99), "ms")
    report.add(BENCHMARK, case, "zvnftd", "not seen", missing, "", ("==", 0))
    report.add(BENCHMARK, case, "zvnftd", "mean by its own histogram", own_mean(daemon, before), "ms")


def own_counts(daemon):
    return [daemon.metric(f"zvnft_verdict_to_kernel_seconds_{part}") for part in ("sum", "count")]


def own_mean(daemon, before):
    total, count = (now - then for now, then in zip(own_counts(daemon), before))
    return total / count * 1000


def overrides(context, report, daemon):
    count = 60 if context.quick else 200
    with temporary(f"{context.lab}-x-peer") as namespace:
        peer = Nftlb(namespace, context.state / "flip-nftlb")
        farm_files.write_nftlb(peer.file, PEER_FARMS)
        try:
            peer.start()
            with_process(report, daemon, peer, count)
            over_http(report, daemon, peer, count)
        finally:
            peer.stop()


def with_process(report, daemon, peer, count):
    def ours(turn):
        daemon.lbctl("backend", ("drain", "ready")[turn % 2], f"f{turn // 2 % FARMS}/b3")

    def theirs(turn):
        body = f'{{"farms":[{{"name":"f{turn // 2 % PEER_FARMS}","backends":[{{"name":"b3","state":"{("down", "up")[turn % 2]}"}}]}}]}}'
        peer.namespace.run("curl", "-sf", "-H", "Key: bench", "-X", "PUT", "http://127.0.0.1:5555/farms", "-d", body)

    add_pair(report, "override by lbctl / curl, process start included", ours, theirs, count, ("<=", 50))


def over_http(report, daemon, peer, count):
    def ours(turn):
        path = f"/api/v1/farms/f{turn // 2 % FARMS}/backends/b3/override"
        daemon.request("PUT", path, {"admin": ("drain", "ready")[turn % 2]})

    def theirs(turn):
        peer.set_backend(f"f{turn // 2 % PEER_FARMS}", "b3", state=("down", "up")[turn % 2])

    add_pair(report, "override over HTTP", ours, theirs, count, None)


def add_pair(report, case, ours, theirs, count, goal):
    """Turn by turn, so that both see the same machine."""
    times = {"zvnftd": [], "nftlb": []}
    for turn in range(count):
        for subject, act in (("zvnftd", ours), ("nftlb", theirs)):
            began = time.monotonic()
            act(turn)
            times[subject].append((time.monotonic() - began) * 1000)
    case = f"{case}, {count} each ({FARMS} × 10 / {PEER_FARMS} × 10)"
    for share, name in ((0.5, "p50"), (0.99, "p99")):
        for subject, values in times.items():
            held = goal if subject == "zvnftd" and name == "p99" else None
            report.add(BENCHMARK, case, subject, name, percentile(values, share), "ms", held)
        ratio = percentile(times["nftlb"], share) / percentile(times["zvnftd"], share)
        report.add(BENCHMARK, case, "nftlb ÷ zvnftd", name, ratio, "ms")
