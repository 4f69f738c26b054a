"""The page of one target: charts of its history of an hour, a day or a week, and its failures."""

from collections.abc import Mapping, Sequence

from exporters.checks import plans_of
from exporters.web.chart import Chart, Span, chart
from exporters.web.formatting import utc
from exporters.web.render import environment
from probe.model.history import FailedProbe, TargetHistory
from probe.model.kinds import CHECKS
from probe.model.survey import CALL_LIMIT_S, RTT_THRESHOLD_S
from probe.model.targets import Check, Target

# name -> its length and step in seconds: at most 336 points.
SPANS: Mapping[str, tuple[int, int]] = {
    "hour": (3600, 60),
    "day": (86400, 300),
    "week": (7 * 86400, 1800),
}
SHOWN_FAILURES = 50
_TITLES = {
    Check.ICMP: "Ping",
    Check.TCP: "TCP connect",
    Check.TLS: "TLS handshake",
    Check.DNS: "DNS response",
    Check.HEALTH_COLD: "Health request, cold",
    Check.HEALTH_WARM: "Health request, warm",
}


def span_of(name: str, now_s: float) -> Span:
    """The span until now. ``name`` is one of `SPANS`."""
    length_s, step_s = SPANS[name]
    to_s = -int(-now_s // step_s) * step_s
    return Span(from_s=to_s - length_s, to_s=to_s, step_s=step_s)


def render_target(
    target: Target, history: TargetHistory | None, span_name: str, now_s: float, *, reason: str = ""
) -> str:
    """``history`` is None if it cannot be read, for ``reason``."""
    span = span_of(span_name, now_s)
    failures = _failures(history.failures if history else ())
    return (
        environment()
        .get_template("target.html")
        .render(
            name=target.name,
            where=f"{target.host}:{target.port}",
            role=target.role.value.replace("_", " "),
            key_store=target.key_store,
            spans=tuple(SPANS),
            span=span_name,
            charts=_charts(target, history, span) if history else (),
            ticks=_ticks(span),
            failures=failures[:SHOWN_FAILURES],
            more_failures=len(failures) > SHOWN_FAILURES or bool(history and history.more_failures),
            reason=reason,
            taken_at=utc(now_s),
        )
    )


def _charts(target: Target, history: TargetHistory, span: Span) -> tuple[Chart, ...]:
    """The checks that run now, and those that ran within the span."""
    checks = [check for check in CHECKS if check in plans_of(target) or check in history.summaries]
    return tuple(
        chart(_TITLES[check], history.summaries.get(check, {}), span, _limit_s(check)) for check in checks
    )


def _limit_s(check: Check) -> float | None:
    """AWS's limit: for a round trip, and for a whole request to the proxy."""
    if CHECKS[check].mode is not None:
        return CALL_LIMIT_S
    return RTT_THRESHOLD_S if CHECKS[check].method is not None else None


def _ticks(span: Span) -> tuple[str, ...]:
    """Times at even distances, with the date where the span is longer than a day."""
    count = 4
    times = [span.from_s + (span.to_s - span.from_s) * n / count for n in range(count + 1)]
    is_long = span.to_s - span.from_s > SPANS["day"][0]
    return tuple(utc(at_s)[5:10] if is_long else utc(at_s)[11:16] for at_s in times)


def _failures(failures: Sequence[FailedProbe]) -> list[tuple[str, str, str, str]]:
    """Time, check, phase with reason, detail; the newest first."""
    return [
        (
            utc(each.at_s).replace("T", " ").replace("Z", ""),
            _TITLES[each.check],
            f"{each.phase.value}: {each.reason.value.replace('_', ' ')}",
            each.detail,
        )
        for each in reversed(failures)
    ]
