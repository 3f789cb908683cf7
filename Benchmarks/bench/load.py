"""From files to committed kernel state, process start included."""

import shutil
import time

import farm_files
from namespaces import temporary
from nftlb import Nftlb
from report import median, say
from zvnft import Zvnft

BENCHMARK = "load"
#: farms, goal for zvnftd in seconds, goal for the ratio, rounds
SIZES = ((100, None, 3, 3), (400, None, 40, 2), (1000, 2.0, None, 3))
#: Seconds for a policy's list, and for it with one line of a hundred changed.
LIST_GOAL, CHANGE_GOAL = ("<=", 2.0), ("<=", 0.2)


def measure(context, report):
    shapes(context, report)
    for farms, wall, ratio, rounds in SIZES:
        with_peer = context.full or farms < 1000
        compare(context, report, farms, wall, ratio, 1 if context.quick else rounds, with_peer)
    lists(context, report, 2 if context.quick else 5)


def lists(context, report, rounds):
    """A farm with a long list: from files to the kernel, and from a list that has changed to the end of `lbctl apply`."""
    wall, changes = [], []
    for round_ in range(rounds):
        directory = context.state / "load"
        shutil.rmtree(directory, ignore_errors=True)
        with temporary(f"{context.lab}-x-load") as namespace:
            daemon = Zvnft(context.binaries, namespace, directory)
            daemon.farms.mkdir(parents=True)
            policy = farm_files.policy(directory, farm_files.PREFIXES)
            (daemon.farms / "f.yaml").write_text(farm_files.zvnft_farm(0, 10, "{ type: none }") + "\n".join(policy) + "\n")
            try:
                wall.append(daemon.start())
                context.wait_for_socket(daemon)
                changes.append(change(daemon, directory / "list.txt", round_))
            finally:
                daemon.stop()
        say(f"{farm_files.PREFIXES} prefixes: {wall[-1]:.3f} s, {changes[-1]:.3f} s after a change of 1 %")
    case = f"a policy of {farm_files.PREFIXES} prefixes"
    report.add(BENCHMARK, case, "zvnftd", "wall", median(wall), "s", LIST_GOAL)
    report.add(BENCHMARK, case, "zvnftd", "1 % changed", median(changes), "s", CHANGE_GOAL)


def change(daemon, path, seed):
    lines, before = path.read_text().splitlines(keepends=True), daemon.generation()
    count = len(lines) // 100
    new = path.with_suffix(".new")
    new.write_text("".join(farm_files.some_networks(count, seed) + lines[count:]))
    began = time.monotonic()
    new.replace(path)
    daemon.apply()
    seconds = time.monotonic() - began
    if daemon.generation() == before:
        raise RuntimeError("the list has changed, and the kernel's rules have not")
    return seconds


def compare(context, report, farms, wall, ratio, rounds, with_peer):
    case = f"{farms} × 10"
    walls, kernels, peers = [], [], []
    for round_ in range(rounds):
        seconds, kernel = zvnft_once(context, farms)
        walls.append(seconds)
        kernels.append(kernel)
        say(f"{case}: zvnftd {seconds:.3f} s, of which the kernel's part {kernel:.3f} s")
        if with_peer:
            seconds, present = nftlb_once(context, farms)
            peers.append(seconds)
            say(f"{case}: nftlb {seconds:.3f} s, {present} farms present")
    report.add(BENCHMARK, case, "zvnftd", "wall", median(walls), "s", ("<=", wall) if wall else None)
    report.add(BENCHMARK, case, "zvnftd", "kernel's part", median(kernels), "s", ("<=", 0.4) if wall else None)
    if with_peer:
        report.add(BENCHMARK, case, "nftlb", "wall", median(peers), "s")
        report.add(BENCHMARK, case, "nftlb ÷ zvnftd", "wall", median(peers) / median(walls), "s", (">=", ratio) if ratio else None)
        report.add(BENCHMARK, case, "nftlb", "farms present", present)
    else:
        say(f"{case}: nftlb needs over 20 minutes and is left out; --full runs it")


def zvnft_once(context, farms):
    directory = context.state / "load"
    shutil.rmtree(directory, ignore_errors=True)
    with temporary(f"{context.lab}-x-load") as namespace:
        daemon = Zvnft(context.binaries, namespace, directory)
        farm_files.write_zvnft(daemon.farms, farms)
        try:
            seconds = daemon.start()
            context.wait_for_socket(daemon)
            return seconds, daemon.metric("zvnft_first_commit_seconds")
        finally:
            daemon.stop()


def nftlb_once(context, farms):
    directory = context.state / "load"
    shutil.rmtree(directory, ignore_errors=True)
    with temporary(f"{context.lab}-x-load") as namespace:
        peer = Nftlb(namespace, directory)
        farm_files.write_nftlb(peer.file, farms)
        return peer.load_and_exit(), dispatched(namespace)


def dispatched(namespace):
    """Farms that the kernel knows, whatever the exit code says."""
    listing = namespace.run("nft", "list", "map", "ip", "nftlb", "nat-proto-services", check=False).stdout
    return listing.count("goto")


def shapes(context, report):
    """Chains, sets and maps must not depend on the number of farms."""
    seen = {}
    for farms in (1, 100, 1000):
        directory = context.state / "load"
        shutil.rmtree(directory, ignore_errors=True)
        with temporary(f"{context.lab}-x-load") as namespace:
            daemon = Zvnft(context.binaries, namespace, directory)
            farm_files.write_zvnft(daemon.farms, farms)
            try:
                daemon.start()
                seen[farms] = count_objects(namespace)
            finally:
                daemon.stop()
    for farms, (chains, sets) in seen.items():
        report.add(BENCHMARK, f"{farms} × 10", "zvnftd", "chains", chains, "", ("==", seen[1][0]))
        report.add(BENCHMARK, f"{farms} × 10", "zvnftd", "sets and maps", sets, "", ("==", seen[1][1]))


def count_objects(namespace):
    def lines(what, word):
        listing = namespace.run("nft", "-t", "list", what).stdout.splitlines()
        return sum(line.strip().startswith(word) for line in listing)

    return lines("chains", "chain "), lines("sets", "set ") + lines("maps", "map ")
