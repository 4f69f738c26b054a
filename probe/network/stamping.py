"""Keeps the kernel's receive timestamps enabled.

Linux timestamps received packets only while a socket requests it, and enables this by deferred work
(net_enable_timestamp in net/core/dev.c), so the first packets afterwards may have no timestamp.
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
    """While it is open, received packets are timestamped; ``confirmed`` is whether this was observed."""

    def __init__(self) -> None:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(
            socket.SOL_SOCKET, kernel.SO_TIMESTAMPING, kernel.SOF_RX_SOFTWARE | kernel.SOF_SOFTWARE
        )
        self.confirmed = _is_confirmed(sock)
        # The descriptor is closed by `close`, or when this object is garbage-collected.
        self._finalizer = weakref.finalize(self, os.close, sock.detach())

    def close(self) -> None:
        self._finalizer()


def _is_confirmed(sock: socket.socket) -> bool:
    """Sends datagrams from the socket to itself until one has a timestamp."""
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
    except OSError:  # in a namespace without loopback this can't be confirmed
        return False
    return False
