"""A packet capture in a separate process: AF_PACKET, kernel timestamps in nanoseconds, a pcap file."""

import os
import select
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from bench import lab, packets

_ETH_P_ALL = 0x0003  # <linux/if_ether.h>
_SOL_PACKET, _PACKET_STATISTICS = 263, 6  # <linux/socket.h>, <linux/if_packet.h>
_SO_TIMESTAMPNS, _SO_RCVBUFFORCE = 35, 33  # <asm-generic/socket.h>
_BUFFER_BYTES = 128 * 1024 * 1024
_MAX_FRAME_BYTES = 65_550
_SETTLE_S = 0.2
# The capture polls instead of waiting for frames. A waiting reader would be woken while the packet is being
# sent, between the capture's timestamp and the driver's, which takes about 15 µs. The timestamps are set by
# the kernel, so reading them late does no harm.
_PAUSE_S = 0.005
_TIMESPEC = struct.Struct("@ll")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)


@dataclass(slots=True)
class Capture:
    """The content of ``path``; filled in when the block of ``capturing`` ends."""

    path: Path
    dropped: int = -1
    frames: list[packets.Frame] = field(default_factory=list)


@contextmanager
def capturing(path: Path) -> Iterator[Capture]:
    """Capture all frames on the agent's link, in both directions, to ``path`` during the block."""
    taken = Capture(path)
    tap = _open_tap(lab.AGENT_LINK)  # opened before the child runs, so that no frame of the block is missed
    stop_read, stop_write = os.pipe()
    drops_read, drops_write = os.pipe()
    child = lab.in_child(lambda: _write_all(tap, path, stop_read, drops_write))
    tap.close()
    os.close(stop_read)
    os.close(drops_write)
    try:
        yield taken
    finally:
        os.close(stop_write)
        dropped = os.read(drops_read, 64)
        os.close(drops_read)
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)
    if not dropped:
        raise OSError("the capture process ended too early")
    taken.dropped = int(dropped)
    taken.frames = packets.frames(path.read_bytes())


def _open_tap(interface: str) -> socket.socket:
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    tap.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
    tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    with suppress(PermissionError):  # only root may exceed net.core.rmem_max
        tap.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
    tap.bind((interface, _ETH_P_ALL))
    tap.setblocking(False)
    return tap


def _write_all(tap: socket.socket, path: Path, stop: int, dropped: int) -> None:
    """Capture until ``stop`` is closed at its other end and no frame arrives; then write the drops."""
    # This child inherited the other end of the pipe that stops it: it must close its copy.
    _close_other_pipes(stop, dropped, tap.fileno())
    with path.open("wb") as file:
        file.write(packets.file_header())
        while not select.select([stop], [], [], _PAUSE_S)[0]:
            _drain(tap, file)
        while select.select([tap], [], [], _SETTLE_S)[0]:
            _drain(tap, file)
    os.write(dropped, str(_dropped(tap)).encode())


def _close_other_pipes(*kept: int) -> None:
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names, as numbers
        descriptor = int(name)
        if descriptor > 2 and descriptor not in kept:  # noqa: PLR2004 - the standard streams stay
            with suppress(OSError):
                os.close(descriptor)


def _drain(tap: socket.socket, file: BinaryIO) -> None:
    with suppress(BlockingIOError):
        while True:
            data, ancillary, _, _ = tap.recvmsg(_MAX_FRAME_BYTES, _ANCILLARY_BYTES)
            for level, kind, value in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPNS):
                    seconds, nanoseconds = _TIMESPEC.unpack(value)
                    file.write(packets.record(packets.Frame(seconds * 1_000_000_000 + nanoseconds, data)))


def _dropped(tap: socket.socket) -> int:
    """Frames that the capture dropped because its buffer was full."""
    return int(struct.unpack("@II", tap.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1])
