"""What the parts promise each other, so that exporters need nothing of the agent but this."""

from collections.abc import Sequence
from typing import Protocol

from probe.model.measurements import EchoBatch, Measurement
from probe.model.statistics import Window
from probe.model.survey import Survey
from probe.model.targets import Target
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


class HistoryReader(Protocol):
    """What the page and the requirements may ask of the past."""

    def windows(self, now_s: float) -> tuple[Window, ...]: ...

    def latest(self) -> tuple[Measurement, ...]: ...

    def recent(self) -> tuple[Measurement, ...]: ...


class Control(Protocol):
    """What the web side may ask of the running agent."""

    def ready(self) -> bool:
        """The first round is done, or 30 s have passed."""
