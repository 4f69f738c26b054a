"""Health requests as KMS sends them: the 250 ms budget per phase, the responses, and the verdicts."""

import shlex
from collections.abc import Iterable, Sequence
from statistics import median

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exporters.checks import REQUESTS, is_answered, is_of_health
from exporters.report import conclusion, fields, findings, formatting, judged, tls
from probe.model.measurements import HEALTH_PURPOSE, HealthDetails, Measurement, Phase
from probe.model.survey import CALL_LIMIT_S
from probe.model.targets import Check
from probe.model.text import clean
from probe.model.verdicts import KmsStep, Outcome, Report

BAR_CELLS = 40  # a bar of 250 ms
_STYLES = {
    Phase.CONNECT: "blue",
    Phase.HANDSHAKE: "magenta",
    Phase.SEND: "cyan",
    Phase.WAIT: "yellow",
    Phase.RECEIVE: "green",
}


def document(measured: Sequence[Measurement], report: Report) -> fields.Fields:
    """As in ``docs/schemas/health.json``: the last cold and the last warm exchange, null if there is none."""
    return {
        "schema_version": fields.SCHEMA_VERSION,
        "taken_at": fields.time(report.taken_at_s),
        **{mode.value: _exchange(_last(measured, check)) for mode, check in REQUESTS.items()},
        "authorities_as_of": report.authorities_as_of or None,
        "authorities_proposed": report.authorities_proposed or None,
        "extra_authorities": [clean(name) for name in report.extra_authorities],
        "notes": list(report.notes),
        "verdicts": [judged.verdict(verdict) for verdict in report.verdicts],
    }


def _exchange(measurement: Measurement | None) -> fields.Fields | None:
    if measurement is None:
        return None
    details = measurement.details
    response = details if isinstance(details, HealthDetails) else HealthDetails(purpose=HEALTH_PURPOSE)
    failure = measurement.failure
    phases = {phase.value: duration_s for phase, duration_s in measurement.phases_s.items()}
    return {
        "address": measurement.address,
        "timestamps": measurement.timestamps.value if measurement.timestamps else None,
        "phases_seconds": phases,
        "total_seconds": None if failure else total_s(measurement),
        "status": response.status,
        "error_name": response.error_name,
        "body": clean(response.body, fields.TEXT_LIMIT) or None,
        "server": fields.text(response.server),
        "first_bytes": _first_bytes(response),
        "withheld": response.withheld,
        "failure": failure
        and {"phase": failure.phase.value, "reason": failure.reason.value, "detail": clean(failure.detail)},
    }


def _first_bytes(response: HealthDetails) -> str | None:
    """The first bytes of a response that is not HTTP/1.1, escaped."""
    return clean(response.not_http.decode("ascii", "backslashreplace"), fields.TEXT_LIMIT) or None


def total_s(measurement: Measurement) -> float:
    """How long KMS would have waited; name resolution does not count."""
    return sum(duration_s for phase, duration_s in measurement.phases_s.items() if phase is not Phase.RESOLVE)


def render(measured: Sequence[Measurement], report: Report) -> RenderableType:
    """The proxy, notes, the conclusion, what is wrong, the time budget, what is met."""
    parts = [
        *map(_head, measured[:1]),
        tls.authority_lists(report),
        tls.extra_authorities(report),
        *(Text(f"note: {note}", style="yellow") for note in report.notes),
        *_conclusion(measured, report),
        _of_handshake(measured, report),
        Text(),
        findings.render(report.verdicts),
        budget(measured),
        Text(),
        findings.fine(report.verdicts),
    ]
    return Group(*(part for part in parts if part is not None))


def _conclusion(measured: Sequence[Measurement], report: Report) -> Iterable[Text]:
    """The worst first: that no request was answered, and what the verdicts say, unless they say nothing."""
    unanswered = _unanswered(measured)
    if unanswered is not None:
        yield unanswered
    if unanswered is None or report.counts()[Outcome.VIOLATED]:
        yield conclusion.render(report)


def _of_handshake(measured: Sequence[Measurement], report: Report) -> Text | None:
    """The command that shows all of the handshake, if something about it is violated or unknown."""
    handshake = next((each for each in measured if each.check is Check.TLS), None)
    bad = {Outcome.VIOLATED, Outcome.UNKNOWN}
    if handshake is None or not any(v.step is KmsStep.TLS and v.outcome in bad for v in report.verdicts):
        return None
    target = handshake.target
    name, where = target.server_name or target.host, f"{target.host}:{target.port}"
    elsewhere = [] if where == f"{name}:443" else ["--connect-to", where]
    command = shlex.join(["xks-probe", "tls", name, *elsewhere])
    return Text.assemble(("  the handshake and the certificates: ", "dim"), clean(command, 512))


def _unanswered(measured: Sequence[Measurement]) -> Text | None:
    """A line that says that no exchange was answered, or that no answer could be read; else None."""
    failures = [each.failure for each in measured if is_of_health(each)]
    last = failures[-1] if failures else None
    if last is None or None in failures:
        return None
    told = "The answer could not be read" if last.phase is Phase.RECEIVE else "The proxy did not answer"
    return Text(f"✗ {told}: {formatting.failure_text(last)}.", style="bold red")


def _head(measurement: Measurement) -> Text:
    target = measurement.target
    name = clean(target.server_name or target.host)
    at = f"{clean(measurement.address or target.host)}:{target.port}"
    return Text.assemble((name, "bold"), (f" at {at} · {formatting.moment(measurement.started_at_s)}", "dim"))


def budget(measured: Sequence[Measurement]) -> RenderableType | None:
    """A bar of the median per phase, for cold and for warm exchanges; None if none was answered."""
    rows = [
        (mode.value, answered)
        for mode, check in REQUESTS.items()
        if (answered := [each for each in measured if each.check is check and is_answered(each)])
    ]
    if not rows:
        return None
    grid = Table.grid(padding=(0, 1))
    for word, answered in rows:
        phases = {phase: _median_s(answered, phase) for phase in _STYLES}
        total = sum(phases.values())
        over = total > CALL_LIMIT_S
        of_limit = f"{total * 1e3:.1f} of {CALL_LIMIT_S * 1e3:.0f} ms"
        grid.add_row(Text(word), _bar(phases), Text(of_limit, style="bold red" if over else ""))
        grid.add_row("", _legend(phases), "")
    return Group(Text("Time budget of a call, median per phase (ms)", style="bold"), grid)


def medians(measured: Sequence[Measurement]) -> dict[Phase, float]:
    """The median per phase over the answered health exchanges; empty if there are none."""
    answered = [each for each in measured if is_answered(each)]
    return {phase: _median_s(answered, phase) for phase in _STYLES} if answered else {}


def _bar(phases: dict[Phase, float]) -> Text:
    """A cell is 1/40 of 250 ms. A phase with a duration gets at least one cell; a longer bar is cut."""
    bar = Text("▕")
    left = BAR_CELLS
    for phase, duration_s in phases.items():
        cells = min(left, max(1 if duration_s else 0, round(duration_s / CALL_LIMIT_S * BAR_CELLS)))
        bar.append("█" * cells, style=_STYLES[phase])
        left -= cells
    bar.append("·" * left, style="dim")
    return bar.append("▏" if sum(phases.values()) <= CALL_LIMIT_S else "▶")


def _legend(phases: dict[Phase, float]) -> Text:
    parts: Iterable[tuple[str, str]] = (
        (f"{phase.value} {duration_s * 1e3:.1f}  ", _STYLES[phase])
        for phase, duration_s in phases.items()
        if duration_s
    )
    return Text.assemble(" ", *parts)


def _median_s(measured: Sequence[Measurement], phase: Phase) -> float:
    known = [each.phases_s[phase] for each in measured if phase in each.phases_s]
    return median(known) if known else 0.0


def _last(measured: Sequence[Measurement], check: Check) -> Measurement | None:
    return next((each for each in reversed(measured) if each.check is check and is_of_health(each)), None)
