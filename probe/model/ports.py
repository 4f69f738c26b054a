"""What the parts promise each other, so that exporters need nothing of the agent but this."""

from collections.abc import Sequence
from typing import Protocol

from probe.model.measurements import EchoBatch, Measurement
from probe.model.survey import Survey
from probe.model.targets import Check, Target
from probe.model.verdicts import Report


class Sink(Protocol):
    """Whoever wants results. Called in the event loop: quick, never awaits, never raises for odd data."""

    def on_targets(self, targets: Sequence[Target]) -> None:
        """The targets from now on: at the start and after each reload or change of addresses."""

    def on_measurement(self, measurement: Measurement) -> None: ...

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None:
        """Echoes that ended; ``batch.indexes`` are positions in ``targets``."""

    def on_report(self, report: Report) -> None: ...

    def on_survey(self, survey: Survey) -> None: ...


class Observer(Protocol):
    """Hears how the schedule itself is doing."""

    def skipped(self, target: Target, check: Check) -> None:
        """A slot was dropped: the probe before it was still running, or the loop came too late."""

    def delay(self, seconds: float) -> None:
        """How long after its slot a probe began."""

    def bug(self, target: Target, check: Check, error: Exception) -> None:
        """A probe raised: our mistake, not the network's."""


class Control(Protocol):
    """What the web side may ask of the running agent."""

    def ready(self) -> bool:
        """The first round is done, or 30 s have passed."""
