"""Sees from outside what the daemon sees and does: the answer to its probe arriving, and the kernel's new generation."""

import select
import socket
import struct
import time

NETLINK_NETFILTER = 12
NFNLGRP_NFTABLES = 7
SOL_NETLINK = 270
NETLINK_ADD_MEMBERSHIP = 1
NEWGEN = 10 << 8 | 15
ETH_P_IP = 0x0800
SO_TIMESTAMPNS = 35
RESET, SYN_ACK = 0x04, 0x12


class KernelWatch:
    def __init__(self, namespace, device, server, port):
        self.server, self.port = socket.inet_aton(server), port
        with namespace.entered():
            self.packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
            self.packets.bind((device, ETH_P_IP))
            self.generations = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
        self.packets.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.packets.setblocking(False)
        self.generations.bind((0, 0))
        self.generations.setsockopt(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, NFNLGRP_NFTABLES)
        self.generations.setblocking(False)

    def drain(self):
        for source in (self.packets, self.generations):
            try:
                while True:
                    source.recv(1 << 16)
            except BlockingIOError:
                pass

    def answer_to_generation(self, flags, seconds):
        """Seconds from the arrival of the server's first answer with these flags to the next generation; None if there is none.

        The first end is the kernel's own stamp, the second is taken here after waking up: what is measured is at most too long.
        """
        answered = None
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            readable, _, _ = select.select([self.packets, self.generations], [], [], deadline - time.monotonic())
            if self.packets in readable and answered is None:
                answered = self.read_answer(flags)
            if self.generations in readable:
                now = time.time_ns()
                if self.read_generation():
                    return (now - answered) / 1e9 if answered else None
        return None

    def read_answer(self, flags):
        data, ancillary, _, _ = self.packets.recvmsg(128, 64)
        header = (data[0] & 15) * 4
        if data[9] != socket.IPPROTO_TCP or data[12:16] != self.server:
            return None
        source_port = struct.unpack_from("!H", data, header)[0]
        if source_port != self.port or data[header + 13] & flags != flags:
            return None
        seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
        return seconds * 10**9 + nanoseconds

    def read_generation(self):
        data = self.generations.recv(1 << 16)
        offset = 0
        while offset + 16 <= len(data):
            length, kind = struct.unpack_from("IH", data, offset)
            if kind == NEWGEN:
                return True
            offset += (length + 3) & ~3
        return False
