"""What probes look like to those who are probed: connections that begin, requests, and when."""

import ctypes
import select
import socket
import struct
import subprocess
import time

SO_ATTACH_FILTER = 26
SO_TIMESTAMPNS = 35
SO_RCVBUFFORCE = 33
ETH_P_IP = 0x0800
SYN = 0x02

COUNTERS = """
table inet probes {
    counter opened { }
    counter asked { }
    chain count-probes {
        type filter hook prerouting priority -300; policy accept;
        tcp dport 8080 tcp flags & (syn | ack) == syn counter name opened
        tcp dport 8080 tcp flags & psh == psh counter name asked
    }
    chain answer-nothing {
        type filter hook prerouting priority -290; policy accept;
    }
}
"""


class ProbeCounts:
    """Counted by the servers' kernel: every connection that is opened, every request that is sent."""

    def __init__(self, servers):
        self.servers = servers
        subprocess.run(servers.command("nft", "-f", "-"), input=COUNTERS, text=True, check=True)

    def read(self, what):
        line = self.servers.run("nft", "list", "counter", "inet", "probes", what).stdout
        return int(line.split("packets")[1].split()[0])

    def answer_nothing(self, verdict):
        """From now on probes meet `drop` or `reject with tcp reset`; None: they are answered again."""
        rule = "flush chain inet probes answer-nothing"
        if verdict:
            rule = f"add rule inet probes answer-nothing tcp dport 8080 {verdict}"
        self.servers.run("nft", rule)


class ProbeTimes:
    """When connections were begun, by the kernel's stamps: pairs of seconds and the address that was probed."""

    def __init__(self, servers, device):
        with servers.entered():
            self.packets = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_IP))
            self.packets.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 256 << 20)
            attach_filter(self.packets)
            self.packets.bind((device, ETH_P_IP))
        self.packets.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.packets.setblocking(False)

    def record(self, seconds):
        deadline, seen = time.monotonic() + seconds, []
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self.packets], [], [], left)[0]:
                self.read_all(seen)
        return seen

    def read_all(self, seen):
        try:
            while True:
                data, ancillary, _, _ = self.packets.recvmsg(64, 64)
                whole, nanoseconds = struct.unpack("qq", ancillary[0][2][:16])
                seen.append((whole + nanoseconds / 1e9, data[16:20]))
        except BlockingIOError:
            pass

    def close(self):
        self.packets.close()


def attach_filter(packets):
    """IPv4 without options, TCP to port 8080, flags exactly SYN: nothing else wakes us."""
    code = [
        (0x30, 0, 0, 9), (0x15, 0, 5, 6),
        (0x28, 0, 0, 22), (0x15, 0, 3, 8080),
        (0x30, 0, 0, 33), (0x15, 0, 1, SYN),
        (0x06, 0, 0, 64), (0x06, 0, 0, 0)]
    program = b"".join(struct.pack("HBBI", *line) for line in code)
    buffer = ctypes.create_string_buffer(program)
    packets.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HL", len(code), ctypes.addressof(buffer)))
