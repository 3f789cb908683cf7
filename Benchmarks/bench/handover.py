"""Changes of the table where nothing is kept of a connection (dsr, stateless): what breaks, with the handover and with a plain swap."""

import time
from contextlib import contextmanager

import subjects
from namespaces import wait_until
from report import say
from traffic import Traffic
from zvnft import Zvnft

BENCHMARK = "handover"
VIPS = {4: "203.0.113.10", 6: "2001:db8::10"}
SETTINGS = {"zvnftd": "handover: { quiet: 10s, limit: 10m, udpHold: 120s }\n", "plain swap": "handover: { limit: 0s }\n"}
CONNECTIONS, FLOWS = 2_000, 10_000


def measure(context, report):
    context.lab_up()
    for mode in ("dsr", "stateless"):
        for family in VIPS:
            for subject, settings in SETTINGS.items():
                with lines(context, mode, settings) as daemon:
                    add(report, f"{mode}, IPv{family}", subject, *under_load(context, daemon, family, 16 if context.quick else 60))


def under_load(context, daemon, family, seconds):
    """Every kind of change once, evenly over the time that connections and flows are held."""
    vip = VIPS[family] if family == 4 else f"[{VIPS[family]}]"
    held = Traffic(context, "long", "--to", f"{vip}:9000", "--count", CONNECTIONS, "--interval", "1s", "--duration", f"{seconds}s")
    # A thousand at a time: ten thousand first datagrams at once are more than sockets hold.
    flows = []
    for _ in range(FLOWS // 1_000):
        time.sleep(0.2)
        flows.append(Traffic(context, "long", "--udp", "--to", f"{vip}:5300", "--count", 1_000, "--interval", "5s",
                             "--timeout", "4s", "--duration", f"{seconds - 2}s"))
    begun = Traffic(context, "connect", "--tcp-echo", "--to", f"{vip}:9000", "--rate", 100, "--duration", f"{seconds - 3}s")
    time.sleep(3)
    pause = (seconds - 8) / len(CHANGES)
    for change in CHANGES:
        change(daemon)
        time.sleep(pause)
    return held.result(), begun.result(), [flow.result() for flow in flows]


def add(report, case, subject, held, begun, flows):
    broken = held["count"] - held["alive"] + held["backendChanges"]
    moved = sum(flow["backendChanges"] for flow in flows)
    say(f"{case}: {subject}: {broken} of {held['count']} broken, {begun['failed']} of {begun['started']} new ones failed, "
        f"{moved} of {FLOWS} datagram flows moved")
    goal = ("==", 0) if subject == "zvnftd" else None
    report.add(BENCHMARK, case, subject, f"broken of {held['count']} connections", broken, "", goal)
    report.add(BENCHMARK, case, subject, "new connections that failed", begun["failed"], "", goal)
    report.add(BENCHMARK, case, subject, f"answers from another backend, of {FLOWS} datagram flows", moved, "", goal)


class Farm:
    """As its file is at the moment."""

    def __init__(self, mode):
        self.mode, self.backends, self.scheduler, self.size = mode, {1, 2, 3}, "maglev", "auto"

    def text(self):
        listeners = [f"{vip}:{port}" for vip in ("203.0.113.10", "[2001:db8::10]") for port in ("9000/tcp", "5300/udp")]
        backends = [
            f"  - {{ name: b{number}{suffix}, address: \"{address}{10 + number}\" }}"
            for number in sorted(self.backends) for suffix, address in (("", "10.0.1."), ("v6", "fd00:1::"))]
        return "\n".join([
            "farm: lines", "listen:", *(f"  - \"{listener}\"" for listener in listeners), f"mode: {self.mode}",
            f"scheduler: {self.scheduler}", f"tableSize: {self.size}", "backends:", *backends,
            "health: { type: tcp, port: 9000, interval: 100ms, timeout: 100ms, rise: 2, fall: 2 }", ""])


@contextmanager
def lines(context, mode, settings):
    balancer, directory = subjects.place(context)
    daemon = Zvnft(context.binaries, balancer, directory)
    (directory / "zvnftd.yaml").write_text(settings)
    daemon.farm = Farm(mode)
    daemon.farms.mkdir()
    (daemon.farms / "lines.yaml").write_text(daemon.farm.text())
    yield from subjects.serving(balancer, daemon, daemon.start, lambda: daemon.healthy() == 6)


def edit(**values):
    def act(daemon):
        for key, value in values.items():
            setattr(daemon.farm, key, value)
        (daemon.farms / "lines.yaml").write_text(daemon.farm.text())
        daemon.apply()
        wait_until(lambda: daemon.healthy() == 2 * len(daemon.farm.backends), 5, "all backends are up")

    return act


def say_of(backend, *words):
    def act(daemon):
        for name in (backend, backend + "v6"):
            daemon.lbctl("backend", words[0], f"lines/{name}", *words[1:])

    return act


def restart(daemon):
    daemon.kill()
    time.sleep(0.3)
    daemon.launch()
    wait_until(lambda: daemon.healthy() > 0, 5, "zvnftd is back")


# The lab has three backends; the first removal leaves room for the addition that follows.
CHANGES = [
    say_of("b1", "drain"), edit(backends={1, 3}), edit(backends={1, 2, 3}), restart, say_of("b1", "ready"), say_of("b3", "weight", "5"),
    edit(scheduler="hash"), say_of("b2", "drain"), edit(size=509), restart, say_of("b2", "ready"),
]
