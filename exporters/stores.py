"""The newest report of each key store, for every sink that shows reports."""

from collections.abc import Sequence

from probe.model.kinds import OF_STORE
from probe.model.targets import Target
from probe.model.verdicts import Report


class Reports:
    """Reports come one a key store; "" is the store that has no name."""

    def __init__(self) -> None:
        self._newest: dict[str, Report] = {}

    def on_targets(self, targets: Sequence[Target]) -> None:
        """Drop those of stores that no target names any more: the next report of one brings it back.

        The store without a name stays, unless all that a store's verdicts rest on is now some named store's.
        """
        named = {target.key_store for target in targets} - {""}
        nameless = not named or any(not t.key_store and t.role in OF_STORE for t in targets)
        kept = named | ({""} if nameless else set())
        self._newest = {key_store: report for key_store, report in self._newest.items() if key_store in kept}

    def on_report(self, report: Report) -> None:
        self._newest[report.key_store] = report

    @property
    def newest(self) -> tuple[Report, ...]:
        """One of each key store, in the order in which stores were first reported."""
        return tuple(self._newest.values())
