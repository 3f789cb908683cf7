"""From files to committed kernel state, process start included."""

import shutil

import farm_files
from namespaces import temporary
from nftlb import Nftlb
from report import median, say
from zvnft import Zvnft

BENCHMARK = "load"
#: farms, goal for zvnftd in seconds, goal for the ratio, rounds
SIZES = ((100, None, 3, 3), (400, None, 40, 2), (1000, 2.0, None, 3))


def measure(context, report):
    shapes(context, report)
    for farms, wall, ratio, rounds in SIZES:
        with_peer = context.full or farms < 1000
        compare(context, report, farms, wall, ratio, 1 if context.quick else rounds, with_peer)


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
