"""The notes of reports as log lines, such as a credential file that is for another URI path."""

from collections.abc import Sequence

import structlog

from probe.model.measurements import EchoBatch, Measurement
from probe.model.refreshed import Refreshed
from probe.model.survey import Survey
from probe.model.targets import Target
from probe.model.text import clean
from probe.model.verdicts import Report

_MAX_CHARS = 512


class NotesLog:
    """Implements `probe.model.ports.Sink`. Each note is logged once, and again if it returns."""

    def __init__(self) -> None:
        self._logged: dict[str, tuple[str, ...]] = {}  # by key store

    def on_report(self, report: Report) -> None:
        before = self._logged.get(report.key_store, ())
        self._logged[report.key_store] = report.notes
        for note in report.notes:
            if note not in before:
                words = clean(note, _MAX_CHARS)
                structlog.get_logger().warning(words, key_store=clean(report.key_store))

    def on_targets(self, targets: Sequence[Target]) -> None: ...

    def on_measurement(self, measurement: Measurement) -> None: ...

    def on_echoes(self, targets: Sequence[Target], batch: EchoBatch) -> None: ...

    def on_survey(self, survey: Survey) -> None: ...

    def on_facts(self, facts: Sequence[Refreshed]) -> None: ...
