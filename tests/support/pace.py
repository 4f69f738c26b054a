"""What a test does about a busy machine: how slow it is now, and a priority for what is measured."""

import os
import time

# Before a command: a program that measures is late itself if it waits for a processor. Only root may give it.
PRIORITY = ("nice", "-n", "-10") if os.geteuid() == 0 else ()
_SAMPLE_S = 0.1


def slowdown() -> float:
    """Wall time over processor time of a little work: 1 where nothing else wants the processor."""
    began_s, worked_s = time.monotonic(), time.thread_time()
    while time.thread_time() - worked_s < _SAMPLE_S:
        pass
    return max(1.0, (time.monotonic() - began_s) / _SAMPLE_S)
