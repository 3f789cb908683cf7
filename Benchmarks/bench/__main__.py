"""Runs the benchmarks that Scripts/bench asks for. Wants root, the programs of a build, and Scripts/lab for a network."""

import argparse
import os
import subprocess
import sys
from pathlib import Path

import change
import connections
import failover
import flip
import handover
import health
import least
import load
import memory
import path
from namespaces import Namespace, wait_until
from report import Report

BENCHMARKS = {
    "load": load, "flip": flip, "failover": failover, "change": change, "handover": handover, "memory": memory, "path": path,
    "connections": connections, "least": least, "health": health}


class Context:
    """What every benchmark needs: where things are, and a lab that is built when the first one wants it."""

    def __init__(self, options):
        self.binaries, self.scripts, self.state, self.lab = options.binaries, options.scripts, options.state, options.lab
        self.quick, self.full = options.quick, options.full
        self.is_lab_up = False

    def lab_up(self):
        if not self.is_lab_up:
            self.lab_script("up", "--servers", "farmload")
            self.is_lab_up = True

    def lab_script(self, *words):
        environment = {**os.environ, "FARMLOAD": str(self.binaries / "farmload")}
        subprocess.run([self.scripts / "lab", *words, "--name", self.lab, "--quiet"], check=True, env=environment, stdout=sys.stderr)

    def namespace(self, place):
        return Namespace(f"{self.lab}-{place}")

    def wait_for_socket(self, daemon):
        wait_until(lambda: daemon.lbctl("status", check=False).returncode in (0, 6), 20, "zvnftd answers on its socket")


def main():
    parser = argparse.ArgumentParser()
    for name in ("binaries", "scripts", "state"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--lab", required=True)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--file", type=Path)
    parser.add_argument("benchmarks", nargs="+", choices=BENCHMARKS)
    options = parser.parse_args()
    context, report = Context(options), Report(options.json, options.file)
    for name in options.benchmarks:
        print(f"==> {name}", file=sys.stderr, flush=True)
        BENCHMARKS[name].measure(context, report)
        report.table(name)
    missed = report.missed()
    for figure in missed:
        print(f"missed: {figure['benchmark']}: {figure['case']}: {figure['measure']}: {figure['subject']} {figure['value']} "
              f"{figure['unit']}, goal {figure['goal']}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
