"""bpf(2) without a library: as much of it as a packet source needs."""

import ctypes
import mmap
import os
import platform
import struct
import subprocess

from namespaces import libc

SYS_BPF = {"x86_64": 321, "aarch64": 280}
MAP_CREATE, PROG_LOAD, PROG_TEST_RUN, LINK_CREATE = 0, 5, 10, 28
MAP_TYPE_ARRAY, MMAPABLE = 2, 1 << 10
PROG_TYPE_SCHED_CLS, PROG_TYPE_XDP = 3, 6
ATTACH_XDP, ATTACH_TCX_INGRESS, ATTACH_TCX_EGRESS = 37, 46, 47
LIVE_FRAMES = 1 << 1
#: What packets.bpf.c writes where the map's descriptor belongs, and the instruction that loads it.
PLACE_OF_MAP = struct.pack("<II", 1, 0x6D617000)
LOAD_WIDE, PSEUDO_MAP_FD = 0x18, 1
LOG_BYTES = 1 << 20


def bpf(command, attributes):
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    result = libc.syscall(SYS_BPF[platform.machine()], command, buffer, len(attributes))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"bpf command {command}: {os.strerror(number)}")
    return result


def shared_array():
    """A map of one page and the page itself, which programs and we read and write alike."""
    descriptor = bpf(MAP_CREATE, struct.pack("<5I", MAP_TYPE_ARRAY, 4, mmap.PAGESIZE, 1, MMAPABLE))
    return descriptor, mmap.mmap(descriptor, mmap.PAGESIZE)


def compiled(source, directory):
    """The sections of a C file compiled for the kernel. clang is part of the Swift toolchain."""
    target = directory / "packets.o"
    include = f"-I/usr/include/{platform.machine()}-linux-gnu"
    subprocess.run(["clang", "-target", "bpf", "-O2", "-Wall", "-Werror", include, "-c", source, "-o", target], check=True)
    return sections(target.read_bytes())


def sections(elf):
    offset, = struct.unpack_from("<Q", elf, 0x28)
    size, count, names = struct.unpack_from("<3H", elf, 0x3A)
    headers = [struct.unpack_from("<IIQQQQ", elf, offset + index * size) for index in range(count)]
    text = headers[names][4]
    return {elf[text + h[0]:elf.index(b"\0", text + h[0])].decode(): elf[h[4]:h[4] + h[5]] for h in headers}


def loaded(code, kind, map_descriptor):
    program = with_map(code, map_descriptor)
    instructions = ctypes.create_string_buffer(program, len(program))
    license_ = ctypes.create_string_buffer(b"GPL")
    log = ctypes.create_string_buffer(LOG_BYTES)
    attributes = struct.pack(
        "<IIQQIIQII16sII", kind, len(program) // 8, ctypes.addressof(instructions), ctypes.addressof(license_), 1, LOG_BYTES,
        ctypes.addressof(log), 0, 0, b"zvnft_bench", 0, 0)
    try:
        return bpf(PROG_LOAD, attributes)
    except OSError as error:
        raise RuntimeError(f"the kernel refused a program of packets.bpf.c: {error}\n{log.value.decode()[-2000:]}") from error


def with_map(code, map_descriptor):
    program = bytearray(code)
    for at in range(0, len(program) - 8, 8):
        if program[at] == LOAD_WIDE and program[at + 4:at + 8] + program[at + 12:at + 16] == PLACE_OF_MAP:
            program[at + 1] |= PSEUDO_MAP_FD << 4
            struct.pack_into("<i", program, at + 4, map_descriptor)
            struct.pack_into("<i", program, at + 12, 0)
    return bytes(program)


def attached(program, device, place):
    """Until the descriptor returned is closed. `device` is an index in the calling thread's network namespace."""
    return bpf(LINK_CREATE, struct.pack("<4IIIQ", program, device, place, 0, 0, 0, 0))


def run_live(program, device, frame, count, batch):
    """`count` frames through an XDP program, as if `device` had received them. Comes back when the stack is done with all of them."""
    frame_buffer = ctypes.create_string_buffer(frame, len(frame))
    context = struct.pack("<6I", 0, len(frame), 0, device, 0, 0)
    context_buffer = ctypes.create_string_buffer(context, len(context))
    bpf(PROG_TEST_RUN, struct.pack(
        "<IIIIQQIIIIQQIII4x", program, 0, len(frame), 0, ctypes.addressof(frame_buffer), 0, count, 0, len(context), 0,
        ctypes.addressof(context_buffer), 0, LIVE_FRAMES, 0, batch))
