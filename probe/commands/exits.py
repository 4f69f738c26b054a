"""Exit status, and the exceptions that carry it to the one place that ends the program."""

from enum import IntEnum


class Exit(IntEnum):
    """What the shell sees."""

    FINE = 0
    VIOLATED = 1  # violated, or unreachable
    USAGE = 2  # wrong usage or configuration
    UNKNOWN = 3  # nothing violated, but something unknown
    INTERRUPTED = 130  # Ctrl-C


class UsageError(Exception):
    """Wrong usage or input: ``lines`` are shown one each, then the program exits with 2."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines
