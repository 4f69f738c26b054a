"""What came of the newest health requests to one target. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from exporters.checks import is_of_health
from probe.model.kinds import CHECKS
from probe.model.measurements import HealthDetails, KeyManagerStatus, Measurement
from probe.model.targets import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestHealth:
    """``requests`` has the newest of each mode, answered or not.

    ``managers`` are (id, state) and ``clock_offset_s`` seconds, each from the newest answer that has it.
    ``withheld`` says why the last time none was sent; the others are empty then: what came before may not
    look as if it were so now.
    """

    requests: Mapping[Mode, Measurement] = field(default_factory=dict)
    managers: tuple[tuple[str, KeyManagerStatus], ...] = ()
    clock_offset_s: float | None = None
    withheld: str | None = None

    def after(self, measurement: Measurement) -> "LatestHealth":
        """The same after one more measurement, of whatever check and purpose."""
        details, mode = measurement.details, CHECKS[measurement.check].mode
        if mode is None or not isinstance(details, HealthDetails) or not is_of_health(measurement):
            return self
        if details.withheld is not None:
            return LatestHealth(withheld=details.withheld)
        offset_s = details.clock_offset_s
        # What comes with a request that failed is not made: an answer from before may not stand beside it.
        is_last = measurement.failure is not None and CHECKS[measurement.check].comes_with is None
        others = {} if is_last else self.requests
        return replace(
            self,
            withheld=None,
            requests={**others, mode: measurement},
            managers=details.managers or self.managers,
            clock_offset_s=self.clock_offset_s if offset_s is None else offset_s,
        )

    def counts(self) -> Mapping[KeyManagerStatus, int] | None:
        """How many key managers are in each state; None before an answer named any."""
        states = [state for _, state in self.managers]
        return {state: states.count(state) for state in KeyManagerStatus} if states else None


def latest_health(measurements: Iterable[Measurement]) -> LatestHealth:
    """Of measurements of one target, in whatever order."""
    latest = LatestHealth()
    for measurement in sorted(measurements, key=lambda each: each.started_at_s):
        latest = latest.after(measurement)
    return latest
