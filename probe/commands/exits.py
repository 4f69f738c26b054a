"""Exit status, and the exceptions that carry it to the one place that ends the program."""

from enum import IntEnum

from probe.model.verdicts import Level, Outcome, Report


class Exit(IntEnum):
    """The exit status."""

    FINE = 0
    VIOLATED = 1  # violated, or unreachable
    USAGE = 2  # wrong usage or configuration
    UNKNOWN = 3  # nothing violated, but something unknown, or met only with an extra CA
    INTERRUPTED = 130  # Ctrl-C


class UsageError(Exception):
    """Wrong usage or input: each of ``lines`` is printed, then the program exits with 2."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines


def status(report: Report, *, strict: bool, failed: bool = False) -> Exit:
    """The exit status of a report. Advice counts only if ``strict``; ``failed``: the probe itself failed."""
    counted = [v for v in report.verdicts if strict or v.level is not Level.ADVICE]
    if failed or any(v.outcome is Outcome.VIOLATED for v in counted):
        return Exit.VIOLATED
    return Exit.UNKNOWN if any(v.is_open for v in counted) else Exit.FINE


def has_ended(report: Report, *, strict: bool) -> bool:
    """Whether watching may end: nothing that counts is violated or unknown. An extra CA does not go away."""
    outcomes = {v.outcome for v in report.verdicts if strict or v.level is not Level.ADVICE}
    return not outcomes & {Outcome.VIOLATED, Outcome.UNKNOWN}
