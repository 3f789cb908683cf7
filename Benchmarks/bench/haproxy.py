"""HAProxy in TCP mode as a subject of measurement."""

import signal
import subprocess

TEMPLATE = """global
    maxconn 8000
    stats socket {directory}/haproxy.sock mode 600 level admin expose-fd listeners
defaults
    mode tcp
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    retries 3
    {redispatch}
    balance {balance}
    default-server check inter 100ms rise 2 fall 2
    timeout check 100ms
"""


class Haproxy:
    name = "HAProxy"

    def __init__(self, namespace, directory, redispatch=False):
        self.namespace, self.directory, self.redispatch = namespace, directory, redispatch
        self.file = directory / "haproxy.cfg"
        self.process = None
        directory.mkdir(parents=True, exist_ok=True)

    def configure(self, services, balance="roundrobin"):
        """`services`: quadruples of name, address, port and backends as (name, address, port, weight)."""
        text = TEMPLATE.format(
            directory=self.directory, balance=balance, redispatch="option redispatch 1" if self.redispatch else "no option redispatch")
        for name, address, port, backends in services:
            text += f"listen {name}\n    bind {address}:{port}\n"
            text += "".join(f"    server {b} {a}:{p} weight {w}\n" for b, a, p, w in backends)
        self.file.write_text(text)

    def start(self):
        self.process = self.namespace.spawn(
            "haproxy", "-W", "-f", self.file, stdout=subprocess.DEVNULL, stderr=(self.directory / "haproxy.log").open("a"),
            start_new_session=True)

    def reload(self):
        self.namespace.run("haproxy", "-c", "-q", "-f", self.file)
        self.process.send_signal(signal.SIGUSR2)

    @property
    def pid(self):
        return self.process.pid

    def kill(self):
        """The master and its workers."""
        if self.process is None:
            return
        pids = subprocess.run(["pgrep", "-g", str(self.process.pid)], text=True, capture_output=True).stdout.split()
        subprocess.run(["kill", "-KILL", *pids], check=False, capture_output=True)
        self.process.wait()
        self.process = None

    stop = kill
