"""Keeps the kernel's receive stamps switched on.

Linux stamps received packets only while some socket wants it, and the switch is thrown by deferred work
(net_enable_timestamp in net/core/dev.c): the first packets after it may come without a stamp.
"""

import os
import socket
import time
import weakref

from probe.network import kernel

_ATTEMPTS = 100
_PAUSE_S = 0.0005
_LOOPBACK_WAIT_S = 0.02


class StampsKept:
    """As long as this lives, packets are stamped on arrival; ``confirmed`` says that one was seen to be."""

    def __init__(self) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(
            socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.SOF_RX_SOFTWARE | kernel.SOF_SOFTWARE
        )
        self.confirmed = _is_confirmed(sock)
        # A file descriptor: it is closed with its owner, whether or not that was closed by hand.
        self._finalizer = weakref.finalize(self, os.close, sock.detach())

    def close(self) -> None:
        self._finalizer()


def _is_confirmed(sock: socket.socket) -> bool:
    """Datagrams from the socket to itself, until one has a stamp."""
    sock.settimeout(_LOOPBACK_WAIT_S)
    try:
        sock.bind(("127.0.0.1", 0))
        sock.connect(sock.getsockname())
        for _ in range(_ATTEMPTS):
            sock.send(b"\0")
            _data, items, _flags, _address = sock.recvmsg(1, kernel.ANCILLARY_BYTES)
            if kernel.read_ancillary(items).stamp_ns is not None:
                return True
            time.sleep(_PAUSE_S)
    except OSError:  # a namespace without loopback: stamps are then on a little later
        return False
    return False
