"""Changes under 1 000 new connections a second and 40 long ones: nothing may fail, nothing may break."""

import time

import lab_farms
import subjects
from lab_farms import SERVERS, VIP
from namespaces import wait_until
from report import say
from traffic import connects, longs

BENCHMARK = "change"
TWO = {name: address for name, address in SERVERS.items() if name != "b3"}


def measure(context, report):
    context.lab_up()
    seconds = 5 if context.quick else 12
    for case, actions in CASES.items():
        for name, subject in choices(context).items():
            act = actions.get(name.split()[0])
            if act is None:
                continue
            with subject() as balancer:
                add(report, case, name, *under_load(context, seconds, lambda turn: act(balancer, turn, name.split()[-1])))


def choices(context):
    return {
        "zvnftd dnat": lambda: subjects.zvnft(context, "dnat"),
        "zvnftd snat": lambda: subjects.zvnft(context, "snat"),
        "nftlb": lambda: subjects.nftlb(context, with_prober=False),
        "HAProxy": lambda: subjects.haproxy(context),
    }


def under_load(context, seconds, act):
    """Three turns, evenly over the time that the load goes on."""
    connections, held = connects(context, f"{VIP}:80", 1000, seconds, "3s"), longs(context, f"{VIP}:9000", 40, seconds)
    began = time.monotonic()
    fault = None
    for turn in range(3):
        time.sleep(max(0, began + 1 + turn * (seconds - 2) / 3 - time.monotonic()))
        try:
            act(turn)
        except Exception as error:
            fault = error
    return connections.result(), held.result(), fault


def add(report, case, name, connections, held, fault):
    goals = (("==", 0), ("==", 40)) if name.startswith("zvnftd") else (None, None)
    kinds = {kind: count for kind, count in connections["failures"].items() if count}
    say(f"{case}: {name}: {connections['failed']} of {connections['started']} failed {kinds or ''}, {held['alive']} of 40 alive")
    if fault:
        say(f"{case}: {name}: {fault} {getattr(fault, 'stderr', '')}")
    report.add(BENCHMARK, case, name, f"failed of {connections['started']}", connections["failed"], "", goals[0])
    report.add(BENCHMARK, case, name, "long ones alive of 40", held["alive"], "", goals[1])
    if name.startswith("zvnftd"):
        report.add(BENCHMARK, case, name, "changes that took no effect", int(fault is not None), "", ("==", 0))


def zvnft_files(**change):
    """`change`: for each key of lab_farms.zvnft, what it is at each turn."""

    def act(daemon, turn, mode):
        before = daemon.generation()
        (daemon.farms / "lab.yaml").write_text(lab_farms.zvnft(mode, **{key: values[turn] for key, values in change.items()}))
        daemon.apply()
        if daemon.generation() == before:
            raise RuntimeError(f"change {turn} did not reach the kernel")

    return act


def zvnft_restart(daemon, turn, mode):
    daemon.kill()
    time.sleep(0.3)
    daemon.launch()
    wait_until(lambda: daemon.healthy() == 6, 5, "zvnftd is back")


def zvnft_flush(daemon, turn, mode):
    """Refused or repaired, the rules have to be there afterwards."""
    daemon.namespace.run("nft", "flush", "ruleset", check=False)
    wait_until(lambda: "dnat" in daemon.namespace.run("nft", "list", "ruleset").stdout, 1, "the rules are there")


def nftlb_weight(peer, turn, _):
    for farm in lab_farms.PORTS:
        peer.set_backend(farm, "b1", weight=str(2 - turn % 2))


def nftlb_backends(peer, turn, _):
    if turn % 2 == 0:
        for farm in lab_farms.PORTS:
            peer.request("DELETE", f"/farms/{farm}/backends/b3")
    else:
        peer.request("PUT", "/farms", lab_farms.nftlb())


def nftlb_replace(peer, turn, _):
    for farm in lab_farms.PORTS:
        peer.request("DELETE", f"/farms/{farm}")
    peer.request("POST", "/farms", lab_farms.nftlb())


def nftlb_scheduler(peer, turn, _):
    for farm in lab_farms.PORTS:
        peer.request("PUT", "/farms", {"farms": [{"name": farm, "scheduler": ("weight", "rr", "weight")[turn]}]})


def nftlb_restart(peer, turn, _):
    peer.kill()
    time.sleep(0.3)
    peer.start()


def nftlb_flush(peer, turn, _):
    if turn == 2:
        peer.namespace.run("nft", "flush", "ruleset")


def haproxy_reload(configuration):
    def act(peer, turn, _):
        peer.configure(**configuration(turn))
        peer.reload()

    return act


def haproxy_restart(peer, turn, _):
    peer.kill()
    time.sleep(0.3)
    peer.start()


WEIGHTS = ({"b1": 2}, {"b1": 3, "b2": 2}, {})

CASES = {
    "re-read with changes, 3 times": {
        "zvnftd": zvnft_files(weights=WEIGHTS), "nftlb": nftlb_weight,
        "HAProxy": haproxy_reload(lambda turn: {"services": lab_farms.haproxy(weights=WEIGHTS[turn])}),
    },
    "backend removed, added, removed": {
        "zvnftd": zvnft_files(servers=(TWO, SERVERS, TWO)), "nftlb": nftlb_backends,
        "HAProxy": haproxy_reload(lambda turn: {"services": lab_farms.haproxy(servers=(TWO, SERVERS, TWO)[turn])}),
    },
    "farm replaced, 3 times": {"zvnftd": zvnft_files(prefix=("new-", "", "newer-")), "nftlb": nftlb_replace},
    "scheduler changed, 3 times": {
        "zvnftd": zvnft_files(scheduler=("maglev", "random", "hash")), "nftlb": nftlb_scheduler,
        "HAProxy": haproxy_reload(lambda turn: {"services": lab_farms.haproxy(), "balance": ("leastconn", "random", "source")[turn]}),
    },
    "kill -9 and restart, 3 times": {"zvnftd": zvnft_restart, "nftlb": nftlb_restart, "HAProxy": haproxy_restart},
    "foreign nft flush ruleset (3 times; nftlb once)": {"zvnftd": zvnft_flush, "nftlb": nftlb_flush},
}
