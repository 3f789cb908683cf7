"""Network namespaces: running programs in them, and opening sockets in them from here."""

import contextlib
import ctypes
import os
import signal
import subprocess
import time

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


class Namespace:
    """One namespace by name. `made` ones go away with `remove`; those of the lab are the lab's."""

    def __init__(self, name):
        self.name = name
        self.path = f"/run/netns/{name}"

    @classmethod
    def made(cls, name):
        subprocess.run(["ip", "netns", "add", name], check=True)
        namespace = cls(name)
        namespace.run("ip", "link", "set", "lo", "up")
        return namespace

    def command(self, *words):
        # `ip netns exec` makes a mount namespace as well, which costs more than what is measured here.
        return ["nsenter", f"--net={self.path}", "--", *map(str, words)]

    def run(self, *words, **options):
        options = {"check": True, "text": True, "capture_output": True, **options}
        return subprocess.run(self.command(*words), **options)

    def spawn(self, *words, **options):
        return subprocess.Popen(self.command(*words), **{"stdin": subprocess.DEVNULL, **options})

    def clear_kernel(self):
        """Nothing of one subject may be left for the next: rules, then connections."""
        self.run("nft", "flush", "ruleset")
        self.run("conntrack", "-F", check=False)

    def pids(self):
        return [int(pid) for pid in subprocess.run(["ip", "netns", "pids", self.name], text=True, capture_output=True).stdout.split()]

    def remove(self):
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        subprocess.run(["ip", "netns", "delete", self.name], check=False)

    @contextlib.contextmanager
    def entered(self):
        """Sockets opened inside stay in the namespace. For one thread that does nothing else meanwhile."""
        with open("/proc/self/ns/net") as home, open(self.path) as there:
            enter(there)
            try:
                yield
            finally:
                enter(home)


def enter(namespace):
    if libc.setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextlib.contextmanager
def temporary(name):
    namespace = Namespace.made(name)
    try:
        yield namespace
    finally:
        namespace.remove()


def wait_until(holds, seconds, what, interval=0.02):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(interval)
    raise TimeoutError(f"{what}: not within {seconds} s")
