"""What every exporter asks of a check or a measurement before it counts or shows it. Pure."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from probe.model.kinds import CHECKS, GRAVEST_FIRST
from probe.model.measurements import HEALTH_PURPOSE, HealthDetails, Measurement, Phase
from probe.model.targets import Check, Method, Mode, PlannedCheck, Target

_Seen = TypeVar("_Seen")

# The checks that take round trips, the one that KMS depends on most first.
ROUND_TRIPS: Mapping[Method, Check] = {
    method: check for check in GRAVEST_FIRST if (method := CHECKS[check].method) is not None
}
# The checks that make requests.
REQUESTS: Mapping[Mode, Check] = {
    mode: check for check, kind in CHECKS.items() if (mode := kind.mode) is not None
}
# Where the time of a call goes, without what comes before KMS counts.
CALL_PHASES: tuple[Phase, ...] = tuple(
    phase for phase in CHECKS[REQUESTS[Mode.COLD]].phases if phase is not Phase.RESOLVE
)
# Names are resolved before KMS counts; a request goes out within the wait for its answer, not timed apart.
_NOT_NEEDED = frozenset({Phase.RESOLVE, Phase.SEND})


def plans_of(target: Target) -> Mapping[Check, PlannedCheck]:
    """Each check that is measured, with its own plan or that of the check it comes with."""
    planned = {plan.check: plan for plan in target.plans}
    return {
        check: planned[carrier]
        for check, kind in CHECKS.items()
        if (carrier := kind.comes_with or check) in planned
    }


def is_of_health(measurement: Measurement) -> bool:
    """A request for health, sent or withheld; none of the others, by which a proxy's conduct is judged."""
    details = measurement.details
    return isinstance(details, HealthDetails) and details.purpose == HEALTH_PURPOSE


def counts(measurement: Measurement) -> bool:
    """Whether it says how the target is: all but withheld requests, and those that are not for health."""
    details = measurement.details
    if not isinstance(details, HealthDetails):
        return True
    return details.purpose == HEALTH_PURPOSE and details.withheld is None


def is_answered(measurement: Measurement) -> bool:
    """A request for health that got a whole answer, whatever its status."""
    details = measurement.details
    answered = isinstance(details, HealthDetails) and details.status is not None
    return answered and is_of_health(measurement) and measurement.failure is None


def total_s(measurement: Measurement) -> float | None:
    """What KMS would have waited for an answered request, without resolving the name.

    None without an answer, and where a step of the clock spoilt one of the phases.
    """
    needed = set(CHECKS[measurement.check].phases) - _NOT_NEEDED
    if not is_answered(measurement) or not needed <= measurement.phases_s.keys():
        return None
    return sum(duration_s for phase, duration_s in measurement.phases_s.items() if phase is not Phase.RESOLVE)


def current(newest: Mapping[Check, _Seen], at_s: Callable[[_Seen], float]) -> Mapping[Check, _Seen]:
    """``newest`` without the checks that come with another and are older than the newest of that."""

    def is_past(check: Check, of: _Seen) -> bool:
        carrier = CHECKS[check].comes_with
        return carrier is not None and carrier in newest and at_s(of) < at_s(newest[carrier])

    return {check: of for check, of in newest.items() if not is_past(check, of)}
