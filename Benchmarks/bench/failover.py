"""A backend is killed or falls silent under 500 connections a second; checks every 100 ms, two in a row count."""

import os
import signal
import subprocess
import time

import subjects
from lab_farms import VIP
from report import say
from traffic import connects

BENCHMARK = "failover"
VICTIM = "b2"


def measure(context, report):
    context.lab_up()
    choices = {
        "zvnftd": lambda: subjects.zvnft(context, "dnat"),
        "nftlb + script": lambda: subjects.nftlb(context, with_prober=True),
        "HAProxy": lambda: subjects.haproxy(context),
        "HAProxy, redispatch": lambda: subjects.haproxy(context, redispatch=True),
    }
    for case, run in (("killed", killed), ("silent", silent)):
        results = {name: [] for name in choices}
        for _ in range(1 if context.quick else 3):
            for name, subject in choices.items():
                with subject():
                    results[name].append(run(context))
                say(f"{case}: {name}: {results[name][-1]}")
        for name, runs in results.items():
            add(report, case, name, runs)


GOALS = {
    ("killed", "last failed, by its start"): ("<=", 250),
    ("silent", "last affected, by its start"): ("<=", 350),
    ("silent", "slowest that connected"): ("<=", 1500),
}


def add(report, case, name, runs):
    """The worst of the runs: a failover happens once."""
    for measure, unit in dict.fromkeys((m, u) for run in runs for m, u in run):
        values = [run[measure, unit] for run in runs]
        goal = GOALS.get((case, measure)) if name == "zvnftd" else None
        report.add(BENCHMARK, f"{case}, worst of {len(runs)}", name, measure, max(values), unit, goal)


def killed(context):
    load = connects(context, f"{VIP}:80", 500, 4, "3s")
    time.sleep(1.5)
    cut = kill_servers(context.namespace(VICTIM))
    result = load.result()
    context.lab_script("servers-start", VICTIM)
    return {("failed", ""): result["failed"], **last_failed(result, cut, "failed")}


def silent(context):
    """Two loads at once: an impatient one shows who was sent the wrong way, a patient one what became of such."""
    impatient = connects(context, f"{VIP}:80", 400, 4, "900ms")
    patient = connects(context, f"{VIP}:80", 100, 4, "3s")
    time.sleep(1.5)
    cut = time.monotonic_ns()
    context.namespace("switch").run("bridge", "link", "set", "dev", f"p-{VICTIM}", "state", 0)
    results = impatient.result(), patient.result()
    context.lab_script("plug", VICTIM)
    return {
        ("affected (no answer in 0.9 s), of 400/s", ""): results[0]["failed"],
        **last_failed(results[0], cut, "affected"),
        ("failed (no answer in 3 s), of 100/s", ""): results[1]["failed"],
        ("slowest that connected", "ms"): results[1]["latencyMs"]["max"],
    }


def last_failed(result, cut, word):
    last = result.get("lastFailureByStart")
    return {(f"last {word}, by its start", "ms"): (last["startedNs"] - cut) / 1e6 if last else 0.0}


def kill_servers(namespace):
    pids = subprocess.run(["ip", "netns", "pids", namespace.name], text=True, capture_output=True, check=True).stdout.split()
    cut = time.monotonic_ns()
    for pid in pids:
        os.kill(int(pid), signal.SIGKILL)
    return cut
