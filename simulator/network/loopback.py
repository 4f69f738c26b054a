"""Where namespaces are not allowed: a block of the machine's own 127.0.0.0/8 for each reduced simulation."""

import os
import socket

from simulator.control import SimulationError

_BLOCKS = 250
_CLAIM_PORT = 14000


def claim_block() -> tuple[int, socket.socket]:
    """A number 1..250 for 127.<number>.0.0/16 that no other simulation has, while the socket stays open.

    Simulations claim by binding one address of the block; whichever comes first has it.
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
