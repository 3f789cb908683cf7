"""CPU per packet of every way through the balancer, beside plain forwarding, nftlb and a chain per service."""

import os
import re
from contextlib import ExitStack

import path_subjects as subjects
from farm_files import PREFIXES
from namespaces import temporary
from packet_source import ANY_FLOWS, LATER, XDP_DROP, Programs, Stream
from path_subjects import ESTABLISHED
from report import median, say

BENCHMARK = "path"
SIZES = (1, 1000, 10_000)
PACKETS, WARMING = 50_000, 10_000
ROUNDS, QUICK_ROUNDS = 11, 3
ARRIVED = 0.99
DEAREST_GROWTH = 3
#: Nanoseconds that a policy of many prefixes may cost a packet.
DEAREST_POLICY = 500
OURS = "zvnftd"
NAMES = (OURS, "nftlb", "chain per service", "kube-proxy's shape", "translation alone")
#: What is loaded from text in each mode.
TEXTS = {
    "dnat": ("chain per service", "kube-proxy's shape", "translation alone"), "dsr": ("chain per service", "kube-proxy's shape")}
MODES = ("dnat", "snat", "dsr", "stateless")
WAYS = (
    "dnat, established", "dnat, new", "snat, established", "snat, new", "dsr, established", "dsr, any client", "stateless, established",
    "stateless, any client", "stateless, replies")
FORWARDING, TAKEN_IN = ("forwarding", "plain, established", SIZES[-1]), ("forwarding", "taken in and dropped", SIZES[-1])
#: How many times dearer than ours.
RATIO_GOALS = {
    ("nftlb", "dnat, established", 1): (">=", 1.0), ("nftlb", "dnat, established", 1000): (">=", 1.3),
    ("nftlb", "dnat, new", 1): (">=", 1.0), ("nftlb", "dnat, new", 1000): (">=", 1.3),
    ("chain per service", "dsr, established", 10_000): (">=", 1.5), ("kube-proxy's shape", "dsr, established", 10_000): (">=", 1.5)}


def measure(context, report):
    if not can_attach():
        say(f"left out: it needs Linux 6.6, this is {os.uname().release}")
        return
    (context.state / "path").mkdir(exist_ok=True)
    programs = Programs(context.state / "path")
    with ExitStack() as stack:
        others = stack.enter_context(temporary(f"{context.lab}-x-others"))
        place = subjects.Place(context, others, programs)
        loaded = load_all(stack, place)
        costs = Costs()
        cpus = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {max(cpus)})
        for round_ in range(QUICK_ROUNDS if context.quick else ROUNDS):
            say(f"round {round_ + 1}")
            visit_all(loaded, costs)
        os.sched_setaffinity(0, cpus)
    Tables(report, costs).write()


def can_attach():
    """The sink is a tcx program."""
    return tuple(int(number) for number in re.findall(r"\d+", os.uname().release)[:2]) >= (6, 6)


def load_all(stack, place):
    loaded = [stack.enter_context(subjects.plain(place, SIZES[-1]))]
    modes = [mode for mode in MODES if known(place, mode)]
    for farms in SIZES:
        say(f"loading {farms} × 10")
        loaded += [stack.enter_context(subjects.zvnft(place, mode, farms)) for mode in modes]
        if farms <= 1000:
            loaded += [stack.enter_context(subjects.nftlb(place, mode, farms)) for mode in MODES]
        loaded += [stack.enter_context(subjects.text(place, name, mode, farms)) for mode, names in TEXTS.items() for name in names]
    if subjects.is_built(place, "dsr", PREFIXES):
        loaded += [stack.enter_context(subjects.zvnft_with_policy(place, prefixes)) for prefixes in (0, PREFIXES)]
    return loaded


def known(place, mode):
    is_built = subjects.is_built(place, mode)
    if not is_built:
        say(f"mode {mode} is not built")
    return is_built


def visit_all(loaded, costs):
    """Those that are compared follow each other, and plain forwarding comes before each group: the machine's speed drifts."""
    plain, balancers = loaded[0], loaded[1:]
    for mode in MODES:
        for farms in SIZES:
            visit(plain, costs)
            for subject in balancers:
                if (subject.mode, subject.farms) == (mode, farms):
                    visit(subject, costs)
    for subject in balancers:
        if subject.is_wide:
            visit(subject, costs)
    visit_door(plain, costs)


def visit(subject, costs):
    source = cost_of_source(subject)
    for kind, stream in subject.streams().items():
        subject.get_ready(kind)
        costs.add((subject.name, f"{subject.mode}, {kind}", subject.farms), *measured(subject, stream), source)
    if subject.tracks:
        subject.forget()


def visit_door(subject, costs):
    source = cost_of_source(subject)
    door = subject.path.discarding()
    spent, (met, _, _) = subject.path.send(ESTABLISHED, subject.farms, PACKETS)
    os.close(door)
    costs.add(TAKEN_IN, spent / PACKETS, met / PACKETS, 0, source)


def cost_of_source(subject):
    """What it takes to write a packet of the next flow into a frame. No balancer's doing, so it is taken off."""
    spent, _ = subject.path.send(Stream(LATER, ANY_FLOWS), subject.farms, PACKETS, XDP_DROP)
    return spent / PACKETS


def measured(subject, stream):
    """After a start that is not measured but looked at more closely: it warms caches, and each packet's checksums are verified."""
    _, (_, _, malformed) = subject.path.send(stream, subject.farms, WARMING, verifies=True)
    spent, (_, arrived, _) = subject.path.send(stream, subject.farms, PACKETS)
    return spent / PACKETS, arrived / PACKETS, malformed


class Costs:
    """Nanoseconds a packet, a list with a place for each round."""

    def __init__(self):
        self.rounds, self.to_forwarding, self.arrived, self.malformed = {}, {}, {}, {}

    def add(self, key, nanoseconds, arrived, malformed, source):
        own = nanoseconds - source
        self.rounds.setdefault(key, []).append(own)
        self.to_forwarding.setdefault(key, []).append(own / self.rounds[FORWARDING][-1])
        self.arrived[key] = min(arrived, self.arrived.get(key, 1))
        self.malformed[key] = max(malformed, self.malformed.get(key, 0))

    def is_measured(self, *keys):
        return all(key in self.rounds and self.arrived[key] >= ARRIVED for key in keys)

    def median(self, key):
        return median(self.rounds[key]) if self.is_measured(key) else None

    def ratio_to_forwarding(self, key):
        return median(self.to_forwarding[key]) if self.is_measured(key, FORWARDING) else None

    def ratio(self, one, other):
        """Of neighbours in time, round by round: a machine that slows down slows both."""
        return median([a / b for a, b in zip(self.rounds[one], self.rounds[other])]) if self.is_measured(one, other) else None


class Tables:
    def __init__(self, report, costs):
        self.report, self.costs = report, costs

    def write(self):
        for key in (FORWARDING, TAKEN_IN):
            self.report.add(BENCHMARK, key[1], key[0], "a packet", self.costs.median(key), "ns")
        for way in WAYS:
            for farms in SIZES:
                self.nanoseconds(way, farms)
                self.ratios(way, farms)
            self.growth(way)
        self.policy()
        self.health_of_ours()
        for key in self.costs.rounds:
            self.say_what_is_wrong(key)

    def policy(self):
        """What is compared is the same farm without a policy, and the same clients."""
        for kind in ("first packets", "later packets"):
            bare, listed = ((OURS, f"dsr, policy of {prefixes} prefixes, {kind}", 1) for prefixes in (0, PREFIXES))
            if self.costs.is_measured(bare, listed):
                more = median([b - a for a, b in zip(self.costs.rounds[bare], self.costs.rounds[listed])])
                self.report.add(BENCHMARK, f"policy, {PREFIXES} prefixes", OURS, f"{kind}, ns more", more, goal=("<=", DEAREST_POLICY))
            else:
                self.report.add(BENCHMARK, f"policy, {PREFIXES} prefixes", OURS, f"{kind}, ns more", "not built")

    def health_of_ours(self):
        """The worst of all ways: a balancer that loses packets or spoils them is not cheap."""
        ours = [key for key in self.costs.rounds if key[0] == OURS]
        arrived = min(self.costs.arrived[key] for key in ours) * 100
        self.report.add(BENCHMARK, "all ways", OURS, "packets arrived, at least, %", arrived, goal=(">=", ARRIVED * 100))
        malformed = max(self.costs.malformed[key] for key in ours)
        self.report.add(BENCHMARK, "all ways", OURS, "wrong checksums, at most", malformed, goal=("==", 0))

    def nanoseconds(self, way, farms):
        for name in NAMES:
            key = (name, way, farms)
            if key in self.costs.rounds:
                goal = self.goal_of_dsr() if key == (OURS, "dsr, established", 1000) else None
                self.report.add(BENCHMARK, way, name, f"{farms} farms", self.costs.median(key), "ns", goal)
        if (OURS, way, farms) not in self.costs.rounds:
            self.report.add(BENCHMARK, way, OURS, f"{farms} farms", "not built", "ns")

    def goal_of_dsr(self):
        one = self.costs.median((OURS, "dsr, established", 1))
        return None if one is None else ("<=", round(1.15 * one + 150))

    def ratios(self, way, farms):
        measure = f"{farms} farms, ratio"
        for name in NAMES:
            if (name, way, farms) in self.costs.rounds:
                self.report.add(BENCHMARK, way, name, measure, self.costs.ratio_to_forwarding((name, way, farms)))
        for name in NAMES[1:]:
            if {(name, way, farms), (OURS, way, farms)} <= self.costs.rounds.keys():
                ratio = self.costs.ratio((name, way, farms), (OURS, way, farms))
                self.report.add(BENCHMARK, way, f"{name} ÷ {OURS}", measure, ratio, goal=RATIO_GOALS.get((name, way, farms)))

    def growth(self, way):
        few, many = SIZES[0], SIZES[-1]
        for name in NAMES:
            if {(name, way, few), (name, way, many)} <= self.costs.rounds.keys():
                ratio = self.costs.ratio((name, way, many), (name, way, few))
                goal = ("<=", DEAREST_GROWTH) if name == OURS else None
                self.report.add(BENCHMARK, way, name, f"{many} ÷ {few} farms", ratio, goal=goal)

    def say_what_is_wrong(self, key):
        name, way, farms = key
        if not self.costs.is_measured(key):
            say(f"{name}, {way}, {farms} farms: only {self.costs.arrived[key]:.1%} of the packets arrived, no figure")
        if self.costs.malformed[key]:
            say(f"{name}, {way}, {farms} farms: {self.costs.malformed[key]} of {WARMING} packets looked at had a wrong checksum")
