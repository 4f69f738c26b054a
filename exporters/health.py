"""The latest health requests to one target and their results. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from exporters.checks import is_of_health
from probe.model.kinds import CHECKS
from probe.model.measurements import HealthDetails, KeyManagerStatus, Measurement
from probe.model.targets import Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class LatestHealth:
    """``requests`` has the latest request per mode, answered or not.

    ``managers`` are pairs (id, state). They and ``clock_offset_s`` are from the latest response with such a
    value. ``withheld`` is the reason why the last request was not sent. The other fields are empty then, so
    that older results are not shown as current.
    """

    requests: Mapping[Mode, Measurement] = field(default_factory=dict)
    managers: tuple[tuple[str, KeyManagerStatus], ...] = ()
    clock_offset_s: float | None = None
    withheld: str | None = None

    def after(self, measurement: Measurement) -> "LatestHealth":
        """A copy updated with one measurement, of any check and purpose."""
        details, mode = measurement.details, CHECKS[measurement.check].mode
        if mode is None or not isinstance(details, HealthDetails) or not is_of_health(measurement):
            return self
        if details.withheld is not None:
            return LatestHealth(withheld=details.withheld)
        offset_s = details.clock_offset_s
        # After a failed request its follow-up is not sent: do not keep the older response of the follow-up.
        has_no_follow_up = measurement.failure is not None and CHECKS[measurement.check].comes_with is None
        others = {} if has_no_follow_up else self.requests
        return replace(
            self,
            withheld=None,
            requests={**others, mode: measurement},
            managers=details.managers or self.managers,
            clock_offset_s=self.clock_offset_s if offset_s is None else offset_s,
        )

    def counts(self) -> Mapping[KeyManagerStatus, int] | None:
        """How many key managers are in each state; None until a response lists any."""
        states = [state for _, state in self.managers]
        return {state: states.count(state) for state in KeyManagerStatus} if states else None


def latest_health(measurements: Iterable[Measurement]) -> LatestHealth:
    """From measurements of one target, in any order."""
    latest = LatestHealth()
    for measurement in sorted(measurements, key=lambda each: each.started_at_s):
        latest = latest.after(measurement)
    return latest
