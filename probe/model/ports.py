"""Interfaces between the parts. Exporters depend only on these, not on the agent."""

from collections.abc import Sequence
from typing import Protocol

from probe.model.measurements import EchoBatch, Measurement
from probe.model.refreshed import Refreshed
from probe.model.survey import Survey
from probe.model.targets import Check, Target
from probe.model.verdicts import Report


class Sink(Protocol):
    """A consumer of results.

    Called in the event loop: must return quickly, never awaits, never raises on malformed data.
    """

    def on_targets(self, targets: Sequence[Target]) -> None:
        """The complete new set of targets: at the start, and after a reload or a change of addresses."""

    def on_measurement(self, measurement: Measurement) -> None: ...

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        """Pings that completed; ``batch.indexes`` are indexes into ``targets``."""

    def on_report(self, report: Report) -> None: ...

    def on_survey(self, survey: Survey) -> None: ...

    def on_facts(self, facts: Sequence[Refreshed]) -> None:
        """The facts of all key stores that are refreshed; one of them is new."""


class Observer(Protocol):
    """Callbacks for the scheduler's self-monitoring."""

    def skipped(self, target: Target, check: Check, runs: int = 1) -> None:
        """Scheduled runs were skipped: the previous one was still running, or the event loop was late."""

    def discarded(self, measurement: Measurement) -> None:
        """A measurement was not published: its deadline passed while the event loop was stalled."""

    def delay(self, seconds: float) -> None:
        """A probe started this long after its scheduled time."""

    def bug(self, target: Target, check: Check, error: Exception) -> None:
        """A probe raised an exception: a bug in xks-probe, not a network failure."""

    def activity_bug(self, activity: str, key_store: str, error: Exception) -> None:
        """Something else than a probe raised an exception, such as the audit of ``key_store``."""

    def credential(self, key_store: str, fault: str | None) -> None:
        """The proxy's credential has changed; with a ``fault``, it is not used."""

    def targets(self, added: Sequence[str], removed: Sequence[str]) -> None:
        """The names of the targets that an audit or a reload added and removed; not both are empty."""


class Control(Protocol):
    """What the web server needs from the running agent."""

    def ready(self) -> bool:
        """Whether the first round is done, or 30 s have passed."""
