"""The latest report per key store, for every sink that shows reports."""

from collections.abc import Sequence

from probe.model.kinds import OF_STORE
from probe.model.targets import Target
from probe.model.verdicts import Report


class Reports:
    """The latest report per key store; "" is a key store without a name."""

    def __init__(self) -> None:
        self._newest: dict[str, Report] = {}

    def on_targets(self, targets: Sequence[Target]) -> None:
        """Drop the reports of key stores that no target belongs to any more; a later report adds one again.

        The report without a name stays, unless every target of a key store now belongs to a named one.
        """
        named = {target.key_store for target in targets} - {""}
        nameless = not named or any(not t.key_store and t.role in OF_STORE for t in targets)
        kept = named | ({""} if nameless else set())
        self._newest = {key_store: report for key_store, report in self._newest.items() if key_store in kept}

    def on_report(self, report: Report) -> None:
        self._newest[report.key_store] = report

    @property
    def newest(self) -> tuple[Report, ...]:
        """One per key store, in the order in which the key stores were first reported."""
        return tuple(self._newest.values())
