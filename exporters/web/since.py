"""Since when each violated requirement has been so: from memory, after a restart from the history."""

from collections.abc import Mapping

from probe.model.history import Standing
from probe.model.verdicts import Outcome, Report

Subject = tuple[str, str]  # requirement and subject


class ViolatedSince:
    """Per key store. A time in which a requirement was unknown does not end its violation."""

    def __init__(self) -> None:
        self._since_s: dict[str, dict[Subject, float]] = {}

    def on_report(self, report: Report) -> None:
        before = self._since_s.get(report.key_store, {})
        now: dict[Subject, float] = {}
        for verdict in report.verdicts:
            key = (verdict.requirement, verdict.subject)
            if verdict.outcome is Outcome.VIOLATED:
                now[key] = before.get(key, report.taken_at_s)
            elif verdict.outcome is Outcome.UNKNOWN and key in before:
                now[key] = before[key]
        self._since_s[report.key_store] = now

    def on_key_stores(self, names: frozenset[str]) -> None:
        """Forget the other key stores."""
        self._since_s = {name: since_s for name, since_s in self._since_s.items() if name in names}

    def all(self, standing: Standing) -> Mapping[tuple[str, str, str], float]:
        """(key store, requirement, subject) -> Unix time; ``standing`` is what the history knows."""
        return {
            (key_store, *key): _earlier(since_s, standing, (key_store, *key))
            for key_store, known in self._since_s.items()
            for key, since_s in known.items()
        }


def _earlier(since_s: float, standing: Standing, key: tuple[str, str, str]) -> float:
    """The history's time if it is about the same violation; it also saw reports of earlier agents."""
    outcome, stored_s = standing.verdicts.get(key, (Outcome.UNKNOWN, since_s))
    return min(since_s, stored_s) if outcome is Outcome.VIOLATED else since_s
