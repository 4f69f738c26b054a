"""The state per target: the last attempt and failure of each check, the latest TLS and health results."""

from typing import Any

from exporters.checks import REQUESTS, counts, plans_of
from exporters.health import LatestHealth
from exporters.web.snapshot import Attempt
from probe.model.history import CheckState
from probe.model.measurements import Measurement, Phase
from probe.model.targets import Check, Target

_REQUESTS = frozenset(REQUESTS.values())


class Memory:
    """The state of one target; its label and plans may change."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.attempts: dict[Check, Attempt] = {}
        self.failures: dict[Check, Attempt] = {}
        self.states: dict[Check, CheckState] = {}
        self.tls: Measurement | None = None
        self.health = LatestHealth()

    def become(self, target: Target) -> None:
        """Same target, another label or plan: drop the results of checks that it no longer has."""
        self.target = target
        removed = frozenset(Check) - plans_of(target).keys()
        self._forget(removed)
        if Check.TLS in removed:
            self.tls = None
        if removed >= _REQUESTS:
            self.health = LatestHealth()

    def measured(self, measurement: Measurement) -> None:
        """Add one measurement; conduct tests (GET, unsigned, large body) do not change a target's state."""
        self.health = self.health.after(measurement)
        if self.health.withheld is not None:
            self._forget(_REQUESTS)
        if not counts(measurement):
            return
        if measurement.check is Check.TLS:
            self.tls = measurement
        self.ended(
            Attempt(
                check=measurement.check,
                at_s=measurement.started_at_s,
                address=measurement.address,
                rtt_s=measurement.rtt_s,
                wait_s=measurement.phases_s.get(Phase.WAIT),
                timestamps=measurement.timestamps,
                failure=measurement.failure,
            )
        )

    def ended(self, attempt: Attempt) -> None:
        newest = self.attempts.get(attempt.check)
        if (
            newest is None or attempt.at_s >= newest.at_s
        ):  # pings complete out of order: a lost one completes late
            self.attempts[attempt.check] = attempt
            self._update_state(attempt)
        failed = self.failures.get(attempt.check)
        if attempt.failure is not None and (failed is None or attempt.at_s >= failed.at_s):
            self.failures[attempt.check] = attempt

    def _update_state(self, attempt: Attempt) -> None:
        state, is_failing = self.states.get(attempt.check), attempt.failure is not None
        if state is None or state.is_failing != is_failing:
            new = CheckState(is_failing=is_failing, since_s=attempt.at_s, is_first=state is None)
            self.states[attempt.check] = new

    def _forget(self, checks: frozenset[Check]) -> None:
        known: dict[Check, Any]
        for known in (self.attempts, self.failures, self.states):
            for check in checks & known.keys():
                del known[check]
