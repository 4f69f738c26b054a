"""How long the tests of one mutant may take."""

import os
import threading


def end_after(seconds: float, exit_code: int) -> None:
    """End this process, unless it has ended by then.

    A timer of another process, as mutmut has it, signals a pid: by then it may be that of any other process.
    """
    timer = threading.Timer(seconds, os._exit, (exit_code,))
    timer.daemon = True
    timer.start()
