"""nftlb as a subject of measurement."""

import http.client
import json
import subprocess
import time

from namespaces import wait_until

KEY = "bench"
PORT = 5555


class Nftlb:
    name = "nftlb"

    def __init__(self, namespace, directory):
        self.namespace, self.directory = namespace, directory
        self.process = self.prober = None
        directory.mkdir(parents=True, exist_ok=True)
        self.file = directory / "nftlb.json"

    def load_and_exit(self):
        """Seconds of `nftlb -e`, which returns when it has handed everything to the kernel."""
        began = time.monotonic()
        self.namespace.run("nftlb", "-e", "-l", "3", "-c", self.file)
        return time.monotonic() - began

    def start(self, seconds=60):
        self.process = self.namespace.spawn(
            "nftlb", "-l", "3", "-k", KEY, "-H", "127.0.0.1", "-P", PORT, "-c", self.file,
            stdout=subprocess.DEVNULL, stderr=(self.directory / "nftlb.log").open("a"))
        wait_until(self.answers, seconds, "nftlb's API answers")

    def answers(self):
        try:
            self.request("GET", "/farms")
            return True
        except OSError:
            return False

    @property
    def pid(self):
        return self.process.pid

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=60)
        with self.namespace.entered():
            connection.connect()
        # Its parser wants the header as written here.
        connection.request(method, path, json.dumps(body) if body is not None else None, {"Key": KEY})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"nftlb: {method} {path}: {response.status} {text}")
        return text

    def set_backend(self, farm, backend, **keys):
        self.request("PUT", "/farms", {"farms": [{"name": farm, "backends": [{"name": backend, **keys}]}]})

    def stop(self):
        for process in (self.prober, self.process):
            if process is not None:
                process.kill()
                process.wait()
        self.process = self.prober = None

    kill = stop
