"""farmload in the lab's client."""

import json
import subprocess


class Traffic:
    """A farmload run that goes on while something happens; `result` waits for its end."""

    def __init__(self, context, *words):
        client = context.namespace("client")
        self.process = client.spawn(context.binaries / "farmload", *words, "-o", "json", stdout=subprocess.PIPE, text=True)

    def result(self):
        text, _ = self.process.communicate()
        if self.process.returncode != 0:
            raise RuntimeError(f"farmload ended with {self.process.returncode}")
        return json.loads(text)


def connects(context, to, rate, seconds, timeout):
    return Traffic(context, "connect", "--to", to, "--rate", rate, "--duration", f"{seconds}s", "--timeout", timeout)


def longs(context, to, count, seconds):
    return Traffic(context, "long", "--to", to, "--count", count, "--duration", f"{seconds}s")
