"""What is kept of one target: one attempt and one failure a check, the newest TLS and the newest health."""

from exporters.checks import REQUESTS, counts, plans_of
from exporters.health import LatestHealth
from exporters.web.snapshot import Attempt
from probe.model.measurements import Measurement, Phase
from probe.model.targets import Check, Target

_REQUESTS = frozenset(REQUESTS.values())


class Memory:
    """Of one target, whatever its label and plans are."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.attempts: dict[Check, Attempt] = {}
        self.failures: dict[Check, Attempt] = {}
        self.tls: Measurement | None = None
        self.health = LatestHealth()

    def become(self, target: Target) -> None:
        """The same target under another label or plan: what is of checks that it no longer has goes."""
        self.target = target
        gone = frozenset(Check) - plans_of(target).keys()
        self._forget(gone)
        if Check.TLS in gone:
            self.tls = None
        if gone >= _REQUESTS:
            self.health = LatestHealth()

    def measured(self, measurement: Measurement) -> None:
        """One measurement; requests that are not for health say nothing of a target's state."""
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
        if newest is None or attempt.at_s >= newest.at_s:  # echoes end out of order: a lost one ends late
            self.attempts[attempt.check] = attempt
        failed = self.failures.get(attempt.check)
        if attempt.failure is not None and (failed is None or attempt.at_s >= failed.at_s):
            self.failures[attempt.check] = attempt

    def _forget(self, checks: frozenset[Check]) -> None:
        for known in (self.attempts, self.failures):
            for check in checks & known.keys():
                del known[check]
