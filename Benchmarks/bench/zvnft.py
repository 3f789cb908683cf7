"""zvnftd as a subject of measurement."""

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import time

SERVING_SECONDS = 120


class Zvnft:
    name = "zvnftd"

    def __init__(self, binaries, namespace, directory):
        self.binaries, self.namespace, self.directory = binaries, namespace, directory
        self.farms = directory / "farms.d"
        self.socket = directory / "zvnftd.sock"
        self.log = directory / "zvnftd.log"
        self.process = None
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "zvnftd.yaml").touch()

    def start(self):
        """Until everything is in the kernel: the seconds from exec to the line that says so."""
        (self.directory / "state").mkdir(exist_ok=True)
        began = time.monotonic()
        self.launch(stderr=subprocess.PIPE, text=True)
        with self.log.open("a") as log:
            for line in self.process.stderr:
                log.write(line)
                if re.search(r"\bserving\b", line):
                    seconds = time.monotonic() - began
                    self.go_on_logging()
                    return seconds
        raise RuntimeError(f"zvnftd ended before it served, see {self.log}")

    def go_on_logging(self):
        """Somebody has to read the pipe: hand it to a program that outlives this function."""
        subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=self.log.open("a"))
        self.process.stderr.close()

    def launch(self, **options):
        options = options or {"stderr": self.log.open("a")}
        self.process = self.namespace.spawn(
            self.binaries / "zvnftd", "run", "--config", self.directory / "zvnftd.yaml", "--farms", self.farms,
            "--state", self.directory / "state", "--socket", self.socket, stdout=subprocess.DEVNULL, **options)

    @property
    def pid(self):
        return self.process.pid

    def stop(self, with_signal=signal.SIGTERM):
        if self.process is None:
            return
        self.process.send_signal(with_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(10)
        self.process.kill()
        self.process.wait()
        self.process = None

    def kill(self):
        self.stop(signal.SIGKILL)

    def lbctl(self, *words, check=True):
        return subprocess.run([self.binaries / "lbctl", "--socket", self.socket, *words], check=check, text=True, capture_output=True)

    def apply(self):
        return self.lbctl("apply", "--force")

    def request(self, method, path, body=None):
        connection = UnixConnection(str(self.socket))
        connection.request(method, path, json.dumps(body) if body is not None else None, {"Content-Type": "application/json"})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        if response.status != 200:
            raise RuntimeError(f"{method} {path}: {response.status} {text}")
        return text

    def metric(self, name):
        found = re.search(rf"^{name} (\S+)$", self.request("GET", "/metrics"), re.MULTILINE)
        return float(found[1]) if found else None

    def generation(self):
        return json.loads(self.lbctl("status", "-o", "json", check=False).stdout)["generation"]

    def healthy(self):
        """Backends that are up; -1 while the daemon does not answer. By the short answer: a listing of 10 000 costs memory itself."""
        status = self.lbctl("status", "-o", "json", check=False)
        return json.loads(status.stdout)["backends"]["up"] if status.returncode in (0, 6) else -1


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self.path)
