"""Those who probe, alike to start and stop: zvnftd and its peers, given the same backends and the same check."""

import http.client
import json
import re
import shutil
import socket
import subprocess
from dataclasses import dataclass

import farm_files
from namespaces import wait_until
from zvnft import Zvnft


@dataclass(frozen=True)
class Check:
    """What is probed, and how often. Milliseconds."""

    kind: str
    interval: int = 1000
    timeout: int = 1000
    fast: int | None = None
    keeps_connections: bool = False
    #: Whether zvnftd goes on using backends that are down where most are.
    panics: bool = True

    @property
    def words(self):
        return {"tcp": "TCP", "http": "HTTP, kept alive" if self.keeps_connections else "HTTP, new connections"}[self.kind]


def targets(count):
    """As many as there are, ten a farm: what farm_files writes for zvnftd."""
    return [(f"b{number}", farm_files.server(number // 10, number % 10), 8080) for number in range(count)]


class ZvnftProber(Zvnft):
    backends_a_farm = 10

    def configure(self, count, check):
        fast = f", fastInterval: {check.fast}ms" if check.fast else ""
        http = f", path: /healthz, expectStatus: 200, reuse: {str(check.keeps_connections).lower()}" if check.kind == "http" else ""
        panic = "" if check.panics else ", panicThreshold: 0"
        health = f"{{ type: {check.kind}, interval: {check.interval}ms, timeout: {check.timeout}ms, fall: 3{fast}{http}{panic} }}"
        # Its state, too: what served last would be kept against a change that takes most of it away.
        for place in (self.farms, self.directory / "state"):
            shutil.rmtree(place, ignore_errors=True)
        farm_files.write_zvnft(self.farms, count // self.backends_a_farm, self.backends_a_farm, health)

    def up(self):
        return json.loads(self.request("GET", "/api/v1/status"))["backends"]["up"]

    def pids(self):
        return [self.pid]

    def verdicts_to_kernel(self):
        """Cumulative counts by the upper bounds of their buckets, in seconds."""
        buckets = re.findall(r'^zvnft_verdict_to_kernel_seconds_bucket{le="([^"]+)"} (\S+)$', self.request("GET", "/metrics"), re.MULTILINE)
        return {float(bound): float(count) for bound, count in buckets}


class Peer:
    """A program that is configured by one file."""

    def __init__(self, namespace, directory):
        self.namespace, self.directory, self.process = namespace, directory, None
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)

    def start(self):
        self.process = self.namespace.spawn(
            *self.command(), stdout=subprocess.DEVNULL, stderr=(self.directory / "log").open("a"), start_new_session=True)

    def stop(self):
        if self.process is None:
            return
        subprocess.run(["kill", "-KILL", *map(str, self.pids())], check=False, capture_output=True)
        self.process.wait()
        self.process = None

    def pids(self):
        return [int(pid) for pid in subprocess.run(["pgrep", "-g", str(self.process.pid)], text=True, capture_output=True).stdout.split()]

    def connect_inside(self, family, address):
        with self.namespace.entered():
            connection = socket.socket(family)
        connection.connect(address)
        return connection


class HaproxyProber(Peer):
    name = "HAProxy"

    def command(self):
        return "haproxy", "-db", "-f", self.directory / "haproxy.cfg"

    def configure(self, count, check):
        fast = f" fastinter {check.fast}ms" if check.fast else ""
        option = "    option httpchk GET /healthz\n    http-check expect status 200\n" if check.kind == "http" else ""
        lines = "".join(
            f"    server {name} {address}:{port} check inter {check.interval}ms{fast} rise 2 fall 3\n"
            for name, address, port in targets(count))
        (self.directory / "haproxy.cfg").write_text(
            f"global\n    nbthread 1\n    stats socket {self.directory}/sock mode 600\n"
            f"defaults\n    mode tcp\n    timeout connect 1s\n    timeout server 1s\n    timeout client 1s\n    timeout check {check.timeout}ms\n"
            f"backend all\n{option}{lines}")

    def up(self):
        connection = self.connect_inside(socket.AF_UNIX, str(self.directory / "sock"))
        with connection:
            connection.sendall(b"show stat all 4 -1\n")
            text = b"".join(iter(lambda: connection.recv(1 << 20), b"")).decode()
        rows = [line.split(",") for line in text.splitlines() if line and not line.startswith("#")]
        return sum(row[17].startswith("UP") for row in rows)


class EnvoyProber(Peer):
    name = "Envoy"
    binary = None
    ADMIN = ("127.0.0.1", 9901)

    def command(self):
        return self.binary, "-c", self.directory / "envoy.json", "--concurrency", "1", "--log-level", "error", "--disable-hot-restart"

    def configure(self, count, check):
        endpoints = [
            {"endpoint": {"address": {"socket_address": {"address": address, "port_value": port}}}} for _, address, port in targets(count)]
        probe = {
            "timeout": f"{check.timeout / 1000}s", "interval": f"{check.interval / 1000}s", "no_traffic_interval": f"{check.interval / 1000}s",
            "unhealthy_interval": f"{(check.fast or check.interval) / 1000}s", "no_traffic_healthy_interval": f"{check.interval / 1000}s",
            "unhealthy_threshold": 3, "healthy_threshold": 2, "reuse_connection": check.keeps_connections,
            **({"tcp_health_check": {}} if check.kind == "tcp" else {"http_health_check": {"path": "/healthz"}})}
        cluster = {
            "name": "all", "type": "STATIC", "connect_timeout": "1s", "health_checks": [probe],
            "load_assignment": {"cluster_name": "all", "endpoints": [{"lb_endpoints": endpoints}]}}
        address, port = self.ADMIN
        (self.directory / "envoy.json").write_text(json.dumps({
            "admin": {"address": {"socket_address": {"address": address, "port_value": port}}},
            "static_resources": {"clusters": [cluster]}}))

    def up(self):
        connection = http.client.HTTPConnection(*self.ADMIN)
        connection.sock = self.connect_inside(socket.AF_INET, self.ADMIN)
        connection.request("GET", "/stats?filter=^cluster.all.membership_healthy$")
        text = connection.getresponse().read().decode()
        connection.close()
        return int(text.split(":")[1]) if ":" in text else 0


class KeepalivedProber(Peer):
    name = "keepalived"

    def command(self):
        return (
            "keepalived", "--dont-fork", "--log-console", "--check", "--use-file", self.directory / "keepalived.conf",
            "--pid", self.directory / "pid", "--checkers_pid", self.directory / "checkers.pid")

    def configure(self, count, check):
        servers = "".join(
            f"    real_server {address} {port} {{ TCP_CHECK {{ connect_timeout {check.timeout // 1000} }} }}\n"
            for _, address, port in targets(count))
        (self.directory / "keepalived.conf").write_text(
            f"virtual_server 203.0.113.10 8080 {{\n    delay_loop {check.interval // 1000}\n    lb_algo rr\n    lb_kind NAT\n"
            f"    protocol TCP\n{servers}}}\n")

    def reason_to_end(self):
        """What it said before it ended; None while it runs."""
        if self.process.poll() is None:
            return None
        lines = (self.directory / "log").read_text().splitlines()
        return next((line.split(": ", 1)[-1] for line in lines if "Can't" in line), "see its log")


def wait_until_up(prober, count, seconds):
    def are_up():
        try:
            return prober.up() >= count
        except (OSError, RuntimeError, http.client.HTTPException):
            return False

    wait_until(are_up, seconds, f"{prober.name} finds {count} backends up", 0.2)
