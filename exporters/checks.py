"""Which measurements count, and how long a call took: the rules that all exporters share. Pure."""

from collections.abc import Callable, Mapping
from typing import TypeVar

from probe.model.kinds import CHECKS, GRAVEST_FIRST
from probe.model.measurements import HEALTH_PURPOSE, HealthDetails, Measurement, Phase
from probe.model.targets import Check, Method, Mode, PlannedCheck, Target

_Result = TypeVar("_Result")

# The checks that measure round trips, the one that matters most to KMS first.
ROUND_TRIPS: Mapping[Method, Check] = {
    method: check for check in GRAVEST_FIRST if (method := CHECKS[check].method) is not None
}
# The checks that send health requests.
REQUESTS: Mapping[Mode, Check] = {
    mode: check for check, kind in CHECKS.items() if (mode := kind.mode) is not None
}
# The phases of a call that count towards KMS's limit: name resolution does not.
CALL_PHASES: tuple[Phase, ...] = tuple(
    phase for phase in CHECKS[REQUESTS[Mode.COLD]].phases if phase is not Phase.RESOLVE
)
# Phases that a complete call may lack: name resolution does not count, and sending may be part of the wait.
_NOT_NEEDED = frozenset({Phase.RESOLVE, Phase.SEND})


def plans_of(target: Target) -> Mapping[Check, PlannedCheck]:
    """Each check that runs, with its own plan or that of the check that triggers it."""
    planned = {plan.check: plan for plan in target.plans}
    return {
        check: planned[carrier]
        for check, kind in CHECKS.items()
        if (carrier := kind.comes_with or check) in planned
    }


def is_of_health(measurement: Measurement) -> bool:
    """Whether it is a health request, sent or withheld; not a conduct test (GET, unsigned, large body)."""
    details = measurement.details
    return isinstance(details, HealthDetails) and details.purpose == HEALTH_PURPOSE


def counts(measurement: Measurement) -> bool:
    """Whether it tells the state of the target: false for withheld requests and conduct tests."""
    details = measurement.details
    if not isinstance(details, HealthDetails):
        return True
    return details.purpose == HEALTH_PURPOSE and details.withheld is None


def is_answered(measurement: Measurement) -> bool:
    """Whether it is a health request with a complete response, of any status."""
    details = measurement.details
    answered = isinstance(details, HealthDetails) and details.status is not None
    return answered and is_of_health(measurement) and measurement.failure is None


def total_s(measurement: Measurement) -> float | None:
    """How long KMS would have waited for the response; name resolution does not count.

    None without a response, or if a phase was discarded because the clock was stepped.
    """
    needed = set(CHECKS[measurement.check].phases) - _NOT_NEEDED
    if not is_answered(measurement) or not needed <= measurement.phases_s.keys():
        return None
    return sum(duration_s for phase, duration_s in measurement.phases_s.items() if phase is not Phase.RESOLVE)


def current(newest: Mapping[Check, _Result], at_s: Callable[[_Result], float]) -> Mapping[Check, _Result]:
    """``newest`` without outdated results: those of a follow-up check older than its main check's."""

    def is_outdated(check: Check, of: _Result) -> bool:
        carrier = CHECKS[check].comes_with
        return carrier is not None and carrier in newest and at_s(of) < at_s(newest[carrier])

    return {check: of for check, of in newest.items() if not is_outdated(check, of)}
