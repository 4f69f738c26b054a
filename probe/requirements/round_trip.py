"""The 35 ms between the Region and the key manager."""

from collections.abc import Iterable, Iterator, Mapping

from probe.model.evidence import Evidence
from probe.model.kinds import ON_PATH
from probe.model.statistics import Summary, Window
from probe.model.survey import RTT_THRESHOLD_S
from probe.model.targets import Method, Role, Target
from probe.model.verdicts import KmsStep, Level, Outcome, Remedy, Scope
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.targets import common_subject, of_role
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import milliseconds

WINDOW_S = 600.0
MIN_SAMPLES = 20  # an order-statistic interval of the median is too wide to decide anything below this


@requirement(
    level=Level.RISK,
    scope=Scope.NETWORK,
    step=KmsStep.NETWORK,
    errors=path_errors.AT_TIMES_TIMED_OUT,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Move the key manager nearer to the Region, or the key store to a nearer Region.",
        cli="xks-probe survey",
    ),
    outcomes=(Outcome.MET, Outcome.VIOLATED, Outcome.UNKNOWN),
)
def round_trip_within_35_ms(evidence: Evidence) -> Iterable[Finding]:
    """The median round trip between the Region and the key manager is 35 ms or less.

    KMS gives a call 250 ms in all, and a cold call needs three round trips before the key manager has done
    anything. The limit is for the whole way to the key manager: a proxy close by proves nothing about what
    lies behind it. The median of TCP round trips of ten minutes decides, once 20 of them put it clearly on
    one side.
    """
    windows = _tcp_windows(evidence)
    managers = of_role(evidence, Role.KEY_MANAGER)
    for manager in managers:
        yield _whole_way(manager, windows.get(manager.name))
    if not any(windows[each.name].summary.samples for each in managers if each.name in windows):
        yield from _first_legs(evidence, windows)


def _tcp_windows(evidence: Evidence) -> Mapping[str, Window]:
    """The window of TCP round trips of each target; if there are several, the one nearest to ten minutes."""
    windows: dict[str, Window] = {}
    for window in evidence.windows:
        known = windows.get(window.target)
        if window.method == Method.TCP and (known is None or _distance_s(window) < _distance_s(known)):
            windows[window.target] = window
    return windows


def _distance_s(window: Window) -> float:
    return abs(window.span_s - WINDOW_S)


def _whole_way(manager: Target, window: Window | None) -> Finding:
    if window is None or window.summary.median_s is None:
        return unknown("no TCP round trip has been measured yet", manager.name)
    side = _side(window.summary)
    said = _said(window.summary)
    if side is None:
        return unknown(f"undecided: {said}", manager.name)
    return violated(said, manager.name) if side > 0 else met(said, manager.name)


def _first_legs(evidence: Evidence, windows: Mapping[str, Window]) -> Iterator[Finding]:
    """Without the key manager's round trip: a leg that is too long alone decides, a short one never."""
    legs = of_role(evidence, Role.NODE, Role.PROXY) or of_role(evidence, *ON_PATH)
    if not legs and not of_role(evidence, Role.KEY_MANAGER):
        yield unknown("no round trip has been measured", common_subject(evidence.targets))
    for leg in legs:
        window = windows.get(leg.name)
        if window is None or window.summary.median_s is None:
            yield unknown("key manager not measured, nor the way to the proxy", leg.name)
        elif (_side(window.summary) or 0) > 0:
            yield violated(
                f"the way to the proxy alone is too long, the key manager's can only be longer: "
                f"{_said(window.summary)}",
                leg.name,
            )
        else:
            leg_rtt = f"{leg.role.value} {milliseconds(window.summary.median_s)}"
            yield unknown(f"{leg_rtt}, key manager behind it not measured", leg.name)


def _side(summary: Summary) -> int | None:
    """-1 within the limit, 1 beyond, None while undecided: few samples, or the limit is in the interval."""
    interval, median_s = summary.median_ci95_s, summary.median_s
    if median_s is None or interval is None or summary.samples < MIN_SAMPLES:
        return None
    if interval[0] <= RTT_THRESHOLD_S <= interval[1]:
        return None
    return 1 if median_s > RTT_THRESHOLD_S else -1


def _said(summary: Summary) -> str:
    parts = [f"median {milliseconds(summary.median_s or 0.0)} of {summary.samples} TCP round trips"]
    if summary.median_ci95_s:
        low, high = map(milliseconds, summary.median_ci95_s)
        parts.append(f"95 % interval {low} to {high}")
    if summary.samples < MIN_SAMPLES:
        parts.append(f"{MIN_SAMPLES} are needed")
    if summary.p95_s is not None:
        parts.append(f"p95 {milliseconds(summary.p95_s)}")
    return ", ".join([*parts, f"limit {milliseconds(RTT_THRESHOLD_S)}"])
