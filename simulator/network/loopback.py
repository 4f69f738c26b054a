"""Reserves a block of 127.0.0.0/8 for each reduced simulation, for hosts without namespaces."""

import os
import socket

from simulator.control import SimulationError

_BLOCKS = 250
_STANDARD = ((socket.SOCK_STREAM, 443), (socket.SOCK_STREAM, 53), (socket.SOCK_DGRAM, 53))
_CLAIM_PORT = 14000


def claim_block() -> tuple[int, socket.socket]:
    """A number 1..250 for 127.<number>.0.0/16, reserved as long as the socket stays open.

    A simulation reserves a block by binding one of its addresses.
    """
    for step in range(_BLOCKS):
        block = 1 + (os.getpid() + step) % _BLOCKS
        claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            claim.bind((f"127.{block}.255.254", _CLAIM_PORT))
        except OSError:
            claim.close()
        else:
            return block, claim
    raise SimulationError("no free addresses in 127.0.0.0/8 for a reduced simulation: is this Linux?")


def are_standard_ports_free() -> bool:
    """Whether this process may serve on ports 443 and 53 of loopback addresses, and no other program does."""
    return all(_is_free(kind, port) for kind, port in _STANDARD)


def _is_free(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as tried:
        try:
            tried.bind(("127.255.255.253", port))
        except OSError:
            return False
    return True
