"""Packets without a sender: frames that the kernel is told to have received on a device, and the sink that counts what leaves."""

import os
import socket
import struct
import time
from pathlib import Path

import bpf

SOURCE = Path(__file__).parents[1] / "PacketPath" / "packets.bpf.c"
#: As many as a network driver hands over at a time.
BATCH = 64
FRAME_BYTES = 62
XDP_DROP, XDP_PASS = 1, 2
SYN, ACK = 0x02, 0x10


class Programs:
    """packets.bpf.c in the kernel, with the board that all of them share."""

    def __init__(self, directory):
        parts = bpf.compiled(SOURCE, directory)
        self.map, self.page = bpf.shared_array()
        self.source, self.through = (bpf.loaded(parts[f"program-{name}"], bpf.PROG_TYPE_XDP, self.map) for name in ("source", "pass"))
        self.sink, self.discard = (bpf.loaded(parts[f"program-{name}"], bpf.PROG_TYPE_SCHED_CLS, self.map) for name in ("sink", "discard"))
        self.board = Board(self.page)


class Board:
    """`struct board` of packets.bpf.c."""

    LAYOUT = struct.Struct("=4I2sH4s4sI12s")
    COUNTS = struct.Struct("=3QII")
    COUNTS_OFFSET = 48

    def __init__(self, page):
        self.page = page

    def write(self, stream, farms, first, verdict, ethernet, verifies):
        flags, sequence, acknowledged = stream.packet
        self.page[:self.LAYOUT.size] = self.LAYOUT.pack(
            farms, stream.flows, first, verdict, struct.pack(">H", flags), stream.is_wide, struct.pack(">I", sequence),
            struct.pack(">I", acknowledged), stream.answers, ethernet)
        self.page[self.COUNTS_OFFSET:self.COUNTS_OFFSET + self.COUNTS.size] = self.COUNTS.pack(0, 0, 0, verifies, stream.are_replies)

    def counts(self):
        return self.COUNTS.unpack_from(self.page, self.COUNTS_OFFSET)[:3]


class Stream:
    """Which packets: a TCP segment of one kind, of `flows` flows in random order, or of ever new ones. Wide: from all over IPv4."""

    def __init__(self, packet, flows=0, answers=False, is_wide=False, are_replies=False):
        self.packet, self.flows, self.answers, self.is_wide, self.are_replies = packet, flows, answers, is_wide, are_replies


#: flags, sequence and acknowledgement. The acknowledged numbers are those of the sink's answer to the first packet and its eight octets.
FIRST, LATER = (SYN, 1000, 0), (ACK, 1009, 5001)
#: More clients than any table remembers: for paths that know no flows.
ANY_FLOWS = 1 << 31


class PacketPath:
    """The way through one namespace: frames come in on `front`, replies on `back`, and what leaves on either ends in the sink."""

    def __init__(self, programs, namespace, front_mac, back_mac):
        self.programs, self.namespace = programs, namespace
        self.first = 0
        self.macs = (front_mac + bytes.fromhex("020200000001"), back_mac + bytes.fromhex("020100000001"))
        with namespace.entered():
            self.devices = tuple(socket.if_nametoindex(name) for name in ("front", "back"))
            self.links = [bpf.attached(programs.through, device, bpf.ATTACH_XDP) for device in self.devices]
            self.links += [bpf.attached(programs.sink, device, bpf.ATTACH_TCX_EGRESS) for device in self.devices]

    def send(self, stream, farms, count, verdict=XDP_PASS, first=None, verifies=False):
        """Nanoseconds of CPU for `count` packets, and how many left, arrived where they should, were malformed."""
        if first is not None:
            self.first = first
        self.programs.board.write(stream, farms, self.first, verdict, self.macs[stream.are_replies], verifies)
        with self.namespace.entered():
            began = time.thread_time_ns()
            bpf.run_live(self.programs.source, self.devices[stream.are_replies], bytes(FRAME_BYTES), count, BATCH)
            spent = time.thread_time_ns() - began
        self.first += 0 if stream.flows else count
        return spent, self.programs.board.counts()

    def discarding(self):
        """From now until the descriptor returned is closed, packets end where they come in."""
        with self.namespace.entered():
            return bpf.attached(self.programs.discard, self.devices[0], bpf.ATTACH_TCX_INGRESS)

    def close(self):
        for link in self.links:
            os.close(link)
