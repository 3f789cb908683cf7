"""The script that nftlb leaves to its user: probes each backend by TCP, start to start, and tells nftlb's API of changes.

Usage: nftlb_prober.py INTERVAL_MS FALL FARM/BACKEND=ADDRESS:PORT...
"""

import http.client
import json
import socket
import sys
import threading
import time

lock = threading.Lock()


def tell(farm, backend, is_up):
    state = "up" if is_up else "down"
    body = json.dumps({"farms": [{"name": farm, "backends": [{"name": backend, "state": state}]}]})
    with lock:
        connection = http.client.HTTPConnection("127.0.0.1", 5555, timeout=5)
        connection.request("PUT", "/farms", body, {"Key": "bench"})
        connection.getresponse().read()
        connection.close()


def answers(address, port, timeout):
    try:
        socket.create_connection((address, port), timeout).close()
        return True
    except OSError:
        return False


def follow(farm, backend, address, port, interval, fall):
    is_up, against, next_start = True, 0, time.monotonic()
    while True:
        against = 0 if answers(address, port, interval) == is_up else against + 1
        if against >= fall:
            is_up, against = not is_up, 0
            tell(farm, backend, is_up)
        next_start = max(next_start + interval, time.monotonic())
        time.sleep(max(0, next_start - time.monotonic()))


def main():
    interval, fall = int(sys.argv[1]) / 1000, int(sys.argv[2])
    for word in sys.argv[3:]:
        names, _, endpoint = word.partition("=")
        (farm, backend), (address, port) = names.split("/"), endpoint.split(":")
        threading.Thread(target=follow, args=(farm, backend, address, int(port), interval, fall)).start()


main()
