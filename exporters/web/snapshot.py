"""The state of the page at one moment, immutable, so that page and JSON agree."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporters.checks import current
from exporters.health import LatestHealth
from exporters.web.self_metrics import Health
from probe.model.history import CheckState
from probe.model.measurements import Failure, Measurement, Timestamps
from probe.model.refreshed import Refreshed
from probe.model.statistics import Window
from probe.model.survey import Survey
from probe.model.targets import Check, Method, Target
from probe.model.verdicts import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One completed probe. ``rtt_s`` of a round trip, ``wait_s`` of a DNS query; None unless answered."""

    check: Check
    at_s: float
    address: str | None = None
    rtt_s: float | None = None
    wait_s: float | None = None
    timestamps: Timestamps | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """Per check the last attempt and failure, and the latest TLS measurement and health results.

    ``series`` are the last round trips, oldest first, None for a lost one. ``states``: since when each check
    has been failing or succeeding.
    """

    target: Target
    attempts: Mapping[Check, Attempt] = field(default_factory=dict)
    failures: Mapping[Check, Attempt] = field(default_factory=dict)
    tls: Measurement | None = None
    health: LatestHealth = field(default_factory=LatestHealth)
    windows: Mapping[Method, Window] = field(default_factory=dict)
    series: Mapping[Method, tuple[float | None, ...]] = field(default_factory=dict)
    states: Mapping[Check, CheckState] = field(default_factory=dict)

    @property
    def current_attempts(self) -> tuple[Attempt, ...]:
        """The last attempt per check, without follow-up checks that are older than their main check."""
        return tuple(current(self.attempts, lambda attempt: attempt.at_s).values())

    @property
    def current_failures(self) -> tuple[Attempt, ...]:
        """The last attempts that failed."""
        return tuple(a for a in self.current_attempts if a.failure is not None)

    @property
    def since_s(self) -> float | None:
        """Since when no check has changed between failing and succeeding."""
        known = (self.states.get(attempt.check) for attempt in self.current_attempts)
        return max((state.since_s for state in known if state is not None), default=None)

    @property
    def last_failure(self) -> Attempt | None:
        return max(self.failures.values(), key=lambda attempt: attempt.at_s, default=None)

    @property
    def address(self) -> str | None:
        """The last address probed, if any."""
        probed = [a for a in self.attempts.values() if a.address is not None]
        return max(probed, key=lambda attempt: attempt.at_s).address if probed else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A configuration that was not used, because of these errors; the previous one stays in use."""

    at_s: float
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The whole state. ``reports`` has the latest per key store; ``survey`` is None before the first.

    ``facts`` are those of the key stores that are discovered.

    ``refused`` is None unless the last reload of the configuration failed.
    ``violated_since_s``: (key store, requirement, subject) -> Unix time.
    """

    now_s: float
    targets: tuple[TargetState, ...] = ()
    reports: tuple[Report, ...] = ()
    survey: Survey | None = None
    health: Health = field(default_factory=Health)
    facts: tuple[Refreshed, ...] = ()
    refused: Refused | None = None
    violated_since_s: Mapping[tuple[str, str, str], float] = field(default_factory=dict)

    def facts_of(self, report: Report | None) -> Refreshed | None:
        """The facts of the report's key store; before the first report, those of the only key store."""
        if report is None:
            return self.facts[0] if len(self.facts) == 1 else None
        return next((each for each in self.facts if each.key_store == report.key_store), None)
