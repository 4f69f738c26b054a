"""For tests on a busy machine: how slow it is now, and a higher priority for the measured process."""

import os
import time

# Put this before a command: a program that waits for a CPU measures times that are too long. Only root may raise it.
PRIORITY = ("nice", "-n", "-10") if os.geteuid() == 0 else ()
_SAMPLE_S = 0.1


def slowdown() -> float:
    """Wall time divided by CPU time of a short computation: 1 if no other process uses the CPU."""
    began_s, worked_s = time.monotonic(), time.thread_time()
    while time.thread_time() - worked_s < _SAMPLE_S:
        pass
    return max(1.0, (time.monotonic() - began_s) / _SAMPLE_S)
