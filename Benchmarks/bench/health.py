"""Probing beside HAProxy, Envoy and keepalived: CPU a check, memory, evenness of starts, time to notice."""

import random
import time
from contextlib import ExitStack, contextmanager

import envoy
import probers
from memory import connect, cpu_seconds, resident
from namespaces import temporary, wait_until
from probe_watch import ProbeCounts, ProbeTimes
from probers import Check, EnvoyProber, HaproxyProber, KeepalivedProber, ZvnftProber
from report import median, percentile, say

BENCHMARK = "health"
#: CPU of a check, in HAProxy's for the same kind.
CPU_GOALS = {"TCP": 0.8, "HTTP, new connections": 0.9, "HTTP, kept alive": 0.6}
MEMORY_GOAL = ("<=", 75.0)
BIN = 0.01
KEEPALIVED_SIZE = 1000


def measure(context, report):
    EnvoyProber.binary = envoy.binary(context)
    with network(context) as (prober, servers), network(context, "2") as other:
        counts = ProbeCounts(servers)
        cost(context, report, (prober, counts), (other[0], ProbeCounts(other[1])))
        evenness(context, report, prober, servers)
        detection(context, report, prober, counts)
        mass_failure(context, report, prober, counts)
    keepalived(context, report)


@contextmanager
def network(context, suffix=""):
    with ExitStack() as stack:
        prober = stack.enter_context(temporary(f"{context.lab}-x-prober{suffix}"))
        servers = stack.enter_context(temporary(f"{context.lab}-x-servers{suffix}"))
        connect(prober, servers)
        servers.spawn(context.binaries / "farmload", "serve", "--name", "all", "--http", "8080")
        yield prober, servers


def subjects(context, prober):
    yield ZvnftProber(context.binaries, prober, context.state / "health-zvnftd")
    yield HaproxyProber(prober, context.state / "health-haproxy")
    yield from envoys(context, prober)


def envoys(context, prober):
    """Not at all where it cannot be had."""
    if EnvoyProber.binary:
        yield EnvoyProber(prober, context.state / "health-envoy")


@contextmanager
def running(subject, count, check):
    subject.configure(count, check)
    try:
        subject.start()
        probers.wait_until_up(subject, count, 60)
        yield subject
    finally:
        subject.stop()
        # zvnftd leaves its rules behind: others shall not pay for them.
        subject.namespace.clear_kernel()


def cost(context, report, ours, theirs):
    """zvnftd and HAProxy probe at the same time, each between namespaces of its own: what slows one slows the other in the same moment.

    One after the other their ratio swings by a tenth on a machine that is shared, and by more where the second CPU sleeps in between.
    Envoy, which no goal is about, comes once and alone.
    """
    sizes, seconds = ({1000: 1, 10_000: 2}, 5) if context.quick else ({100: 2, 1000: 2, 10_000: 4}, 10)
    for size, rounds in sizes.items():
        for check in (Check("tcp"), Check("http"), Check("http", keeps_connections=True)):
            figures = [round_of(context, ours, theirs, size, check, seconds) for _ in range(rounds)]
            for envoy_ in envoys(context, ours[0]):
                figures[0] |= costs_of([(envoy_, ours[1])], size, check, seconds)
            add_cost(report, f"{size} backends, 1 s, {check.words}", check, size, figures)


def round_of(context, ours, theirs, size, check, seconds):
    subjects_ = [
        (ZvnftProber(context.binaries, ours[0], context.state / "health-zvnftd"), ours[1]),
        (HaproxyProber(theirs[0], context.state / "health-haproxy"), theirs[1])]
    return costs_of(subjects_, size, check, seconds)


def costs_of(probers_, size, check, seconds):
    with ExitStack() as stack:
        for subject, _ in probers_:
            stack.enter_context(running(subject, size, check))
        time.sleep(2)
        return measured(probers_, size, check, seconds)


def measured(probers_, size, check, seconds):
    """Of those who probe at the same time: milliseconds of CPU a thousand checks, resident MB and checks a second, by name."""
    what = "asked" if check.kind == "http" else "opened"
    began = [(counts.read(what), cpu(subject)) for subject, counts in probers_]
    time.sleep(seconds)
    ended = [(counts.read(what), cpu(subject)) for subject, counts in probers_]
    figures = {}
    for (subject, _), (checks, used), (checks_later, used_later) in zip(probers_, began, ended):
        count, memory = checks_later - checks, sum(resident(pid, "VmRSS") for pid in subject.pids())
        figures[subject.name] = (used_later - used) / max(1, count) * 1e6, memory, count / seconds
        say(f"{size} × {check.words}: {subject.name}: {figures[subject.name][0]:.1f} ms a thousand, {count / seconds:.0f}/s, {memory:.0f} MB")
    return figures


def cpu(subject):
    return sum(map(cpu_seconds, subject.pids()))


def add_cost(report, case, check, size, rounds):
    for subject in rounds[0]:
        cpu, memory, rate = (median([r[subject][index] for r in rounds if subject in r]) for index in range(3))
        report.add(BENCHMARK, case, subject, "CPU a thousand checks", cpu, "ms")
        held = MEMORY_GOAL if (subject, size) == ("zvnftd", 10_000) else None
        report.add(BENCHMARK, case, subject, "resident", memory, "MB", held)
        report.add(BENCHMARK, case, subject, "checks a second", rate)
    ratio = median([r["zvnftd"][0] / r["HAProxy"][0] for r in rounds])
    goal = ("<=", CPU_GOALS[check.words]) if size == 10_000 else None
    report.add(BENCHMARK, case, "zvnftd ÷ HAProxy", "CPU a thousand checks", ratio, "ms", goal)
    memory = median([r["zvnftd"][1] / r["HAProxy"][1] for r in rounds])
    report.add(BENCHMARK, case, "zvnftd ÷ HAProxy", "resident", memory, "MB", ("<", 1.0) if size == 10_000 else None)


def evenness(context, report, prober, servers):
    seconds, size = (5 if context.quick else 20), 1000
    for subject in subjects(context, prober):
        subject.configure(size, Check("tcp"))
        watch = ProbeTimes(servers, "eth0")
        try:
            subject.start()
            first = watch.record(6)
            seen = watch.record(seconds)
        finally:
            subject.stop()
            subject.namespace.clear_kernel()
            watch.close()
        add_evenness(report, f"{size} backends, TCP, 1 s", subject.name, first, seen, size)


def add_evenness(report, case, subject, first, seen, size):
    is_ours = subject == "zvnftd"
    bins = occupancy([at for at, _ in seen])
    mean = sum(bins) / len(bins)
    report.add(BENCHMARK, case, subject, "fullest 10 ms over the mean", max(bins) / mean, "", ("<=", 2.5) if is_ours else None)
    report.add(BENCHMARK, case, subject, "empty 10 ms", bins.count(0) / len(bins) * 100, "%", ("<=", 2.0) if is_ours else None)
    starts = {}
    for at, address in first:
        starts.setdefault(address, at)
    report.add(BENCHMARK, case, subject, "checked at least once", len(starts), "", ("==", size) if is_ours else None)
    spread = max(starts.values()) - min(starts.values()) if starts else None
    report.add(BENCHMARK, case, subject, "from the first to the last first check", spread, "s", ("<=", 1.1) if is_ours else None)


def occupancy(times):
    start = min(times)
    bins = [0] * (int((max(times) - start) / BIN) + 1)
    for at in times:
        bins[int((at - start) / BIN)] += 1
    return bins[:-1]


def detection(context, report, prober, counts):
    """Twenty backends end at once, at a random phase; the last that is noticed counts."""
    quick_rounds, rounds = 5, 5 if context.quick else 15
    refusal = ("refused, 1 s × 3, fast 100 ms", Check("tcp", fast=100), "reject with tcp reset", 1.3)
    silence = ("silent, 1 s × 3, timeout 300 ms, fast 100 ms", Check("tcp", timeout=300, fast=100), "drop", 2.3)
    for case, check, verdict, goal in (refusal, silence):
        for subject in subjects(context, prober):
            with running(subject, 20, check):
                times = [
                    time_to_notice(subject, counts, verdict) for _ in range(quick_rounds if subject.name == "Envoy" else rounds)]
            held = ("<=", goal) if subject.name == "zvnftd" else None
            report.add(BENCHMARK, case, subject.name, "DOWN, median", median(times), "s")
            report.add(BENCHMARK, case, subject.name, "DOWN, longest", percentile(times, 1), "s", held)


def time_to_notice(subject, counts, verdict):
    probers.wait_until_up(subject, 20, 30)
    time.sleep(2 + random.random())
    counts.answer_nothing(verdict)
    began = time.monotonic()
    try:
        wait_until(lambda: subject.up() == 0, 20, f"{subject.name} notices", 0.005)
        return time.monotonic() - began
    finally:
        counts.answer_nothing(None)


def mass_failure(context, report, prober, counts):
    """Ten thousand backends fall silent and come back: when the last is down, and how long verdicts take to the kernel meanwhile.

    Without a panic threshold almost every slot changes more than once, and the kernel alone is busy for most of a second.
    """
    size = 10_000
    for panics, backends_a_farm in ((True, 250), (True, 10), (False, 10)):
        check = Check("tcp", timeout=500, panics=panics)
        subject = ZvnftProber(context.binaries, prober, context.state / "health-zvnftd")
        subject.backends_a_farm = backends_a_farm
        with running(subject, size, check):
            rounds = [silenced(subject, counts, size) for _ in range(2 if context.quick else 4)]
        noticed, to_kernel = map(max, zip(*rounds))
        case = f"{size // backends_a_farm} × {backends_a_farm} silent at once, 1 s × 3, timeout 500 ms{'' if panics else ', no panic threshold'}"
        report.add(BENCHMARK, case, "zvnftd", "all DOWN, longest", noticed, "s", ("<=", 1.5 * check.interval / 1000 * 3))
        report.add(BENCHMARK, case, "zvnftd", "verdict → kernel, 99 % within", to_kernel * 1000, "ms", ("<=", 100))


def silenced(subject, counts, size):
    """Seconds until all are down, and within which 99 % of the verdicts until all are up again are in the kernel."""
    probers.wait_until_up(subject, size, 60)
    time.sleep(1 + random.random())
    before = subject.verdicts_to_kernel()
    counts.answer_nothing("drop")
    began = time.monotonic()
    try:
        wait_until(lambda: subject.up() == 0, 30, "all are down", 0.05)
        noticed = time.monotonic() - began
    finally:
        counts.answer_nothing(None)
    probers.wait_until_up(subject, size, 60)
    return noticed, quantile(0.99, before, subject.verdicts_to_kernel())


def quantile(share, before, after):
    """The upper bound of the bucket that it is in, by what a cumulative histogram has grown."""
    counts = [(bound, count - before.get(bound, 0)) for bound, count in sorted(after.items())]
    return next(bound for bound, count in counts if count >= share * counts[-1][1])


def keepalived(context, report):
    """Its checkers are a part of IPVS: where the kernel has none, it ends at once and is shown as that."""
    check = Check("tcp")
    with network(context) as (prober, servers):
        counts, ours = ProbeCounts(servers), ZvnftProber(context.binaries, prober, context.state / "health-zvnftd")
        peer = KeepalivedProber(prober, context.state / "health-keepalived")
        peer.configure(KEEPALIVED_SIZE, check)
        peer.start()
        try:
            time.sleep(5)
            reason = peer.reason_to_end()
            if reason:
                say(f"keepalived is left out: {reason}")
                report.add(BENCHMARK, f"{KEEPALIVED_SIZE} backends, 1 s, TCP", "keepalived", "runs here", 0)
                return
            theirs = measured([(peer, counts)], KEEPALIVED_SIZE, check, 5)
        finally:
            peer.stop()
        figures = costs_of([(ours, counts)], KEEPALIVED_SIZE, check, 5) | theirs
    case = f"{KEEPALIVED_SIZE} backends, 1 s, TCP"
    for subject, (spent, memory, rate) in figures.items():
        report.add(BENCHMARK, case, subject, "CPU a thousand checks", spent, "ms")
        report.add(BENCHMARK, case, subject, "resident", memory, "MB")
        report.add(BENCHMARK, case, subject, "checks a second", rate)
