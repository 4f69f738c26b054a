"""What standard output is: how wide, and whether it shows colours."""

import os
import shutil
import sys


def width() -> int:
    """Its columns, or 80 where it is not a terminal; COLUMNS overrides both."""
    return shutil.get_terminal_size().columns


def is_coloured() -> bool:
    """A terminal that can, and a user who did not set NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
