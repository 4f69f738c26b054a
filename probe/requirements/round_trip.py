"""The 35 ms limit for the round trip between the Region and the key manager."""

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
MIN_SAMPLES = 20  # with fewer, the confidence interval of the median is too wide to decide anything


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

    KMS waits 250 ms for a call, and a call over a new connection needs three round trips before the key
    manager has done anything. The limit is for the whole path to the key manager. A short round trip to the
    proxy shows nothing about the path behind it. The median of the TCP round trips of ten minutes is
    compared with the limit. There is a verdict once there are 20 round trips and the confidence interval of
    the median does not contain the limit.
    """
    windows = _tcp_windows(evidence)
    managers = of_role(evidence, Role.KEY_MANAGER)
    for manager in managers:
        yield _key_manager(manager, windows.get(manager.name))
    if not any(windows[each.name].summary.samples for each in managers if each.name in windows):
        yield from _proxies_only(evidence, windows)


def _tcp_windows(evidence: Evidence) -> Mapping[str, Window]:
    """The window of TCP round trips of each target; of several, the one closest to ten minutes long."""
    windows: dict[str, Window] = {}
    for window in evidence.windows:
        best = windows.get(window.target)
        if window.method == Method.TCP and (best is None or _distance_s(window) < _distance_s(best)):
            windows[window.target] = window
    return windows


def _distance_s(window: Window) -> float:
    return abs(window.span_s - WINDOW_S)


def _key_manager(manager: Target, window: Window | None) -> Finding:
    if window is None or window.summary.median_s is None:
        return unknown("no TCP round trip has been measured yet", manager.name)
    side = _side(window.summary)
    summary = _text(window.summary)
    if side is None:
        return unknown(f"undecided: {summary}", manager.name)
    return violated(summary, manager.name) if side > 0 else met(summary, manager.name)


def _proxies_only(evidence: Evidence, windows: Mapping[str, Window]) -> Iterator[Finding]:
    """Without a round trip to the key manager: a proxy beyond the limit decides, a near one never does."""
    proxies = of_role(evidence, Role.NODE, Role.PROXY) or of_role(evidence, *ON_PATH)
    if not proxies and not of_role(evidence, Role.KEY_MANAGER):
        yield unknown("no round trip has been measured", common_subject(evidence.targets))
    for proxy in proxies:
        window = windows.get(proxy.name)
        if window is None or window.summary.median_s is None:
            yield unknown("neither the key manager nor the path to the proxy has been measured", proxy.name)
        elif (_side(window.summary) or 0) > 0:
            yield violated(
                f"the proxy is already over the limit, and the key manager can only be further away: "
                f"{_text(window.summary)}",
                proxy.name,
            )
        else:
            rtt = f"{proxy.role.value} {milliseconds(window.summary.median_s)}"
            yield unknown(f"{rtt}, key manager behind it not measured", proxy.name)


def _side(summary: Summary) -> int | None:
    """-1 within the limit, 1 beyond it, None if undecided: few samples, or the limit is in the interval."""
    interval, median_s = summary.median_ci95_s, summary.median_s
    if median_s is None or interval is None or summary.samples < MIN_SAMPLES:
        return None
    if interval[0] <= RTT_THRESHOLD_S <= interval[1]:
        return None
    return 1 if median_s > RTT_THRESHOLD_S else -1


def _text(summary: Summary) -> str:
    parts = [f"median {milliseconds(summary.median_s or 0.0)} of {summary.samples} TCP round trips"]
    if summary.median_ci95_s:
        low, high = map(milliseconds, summary.median_ci95_s)
        parts.append(f"95 % confidence interval {low} to {high}")
    if summary.samples < MIN_SAMPLES:
        parts.append(f"at least {MIN_SAMPLES} are needed")
    if summary.p95_s is not None:
        parts.append(f"p95 {milliseconds(summary.p95_s)}")
    return ", ".join([*parts, f"limit {milliseconds(RTT_THRESHOLD_S)}"])
