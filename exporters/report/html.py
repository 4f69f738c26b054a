"""A preflight as one HTML file that needs nothing else: no script, no request; light, dark, narrow, wide."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from exporters.checks import CALL_PHASES, REQUESTS
from exporters.report import findings, health, matrix
from exporters.report.preflight import Preflight, cautions, facts
from probe.model.account import EndpointService
from probe.model.evidence import Evidence
from probe.model.measurements import HealthDetails, KeyManagerStatus, Measurement, Phase
from probe.model.survey import CALL_LIMIT_S
from probe.model.targets import Role
from probe.model.text import clean
from probe.model.verdicts import Likelihood, Operation, Outcome, Prediction, Verdict

if TYPE_CHECKING:
    from jinja2 import Template

BAR_WIDTH = 500  # of 300 ms, so that the limit is inside the picture
BAR_S = 0.3
ALARM_S = 0.2
_MAX_BOXES = 6
_STATIONS = ("", "endpoint service", "load balancer", "targets: the XKS proxy", "key managers")
_LIMIT = 1024
_WORST = (Outcome.VIOLATED, Outcome.UNKNOWN, Outcome.MET, Outcome.NOT_APPLICABLE)
_OF_MANAGERS = {
    KeyManagerStatus.ACTIVE: Outcome.MET,
    KeyManagerStatus.DEGRADED: Outcome.UNKNOWN,
    KeyManagerStatus.UNAVAILABLE: Outcome.VIOLATED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """What stands at one station of the way."""

    title: str
    below: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One target's budget: ``parts`` are (phase, x, width, milliseconds)."""

    title: str
    total_ms: float
    is_over: bool
    parts: tuple[tuple[str, float, float, float], ...]


def text(of: Preflight) -> str:
    report, evidence = of.report, of.evidence
    spec = evidence.spec
    return _template().render(
        version=clean(of.version),
        facts=facts(of),
        cautions=cautions(of),
        where=clean((spec.id or spec.host or "new key store") if spec else "key store"),
        extra_authorities=[clean(each) for each in report.extra_authorities],
        actual=report.actual and (clean(report.actual.connection_state), clean(report.actual.because)),
        counts={outcome.value: count for outcome, count in report.counts().items()},
        predictions=[_predicted(each) for each in report.predictions],
        stations=[(name, _shown(boxes)) for name, boxes in zip(_STATIONS, _stations(of), strict=True)],
        bars=_bars(evidence),
        limit_x=CALL_LIMIT_S / BAR_S * BAR_WIDTH,
        alarm_x=ALARM_S / BAR_S * BAR_WIDTH,
        wrong=_groups(report.verdicts, Outcome.VIOLATED),
        unknown=_groups(report.verdicts, Outcome.UNKNOWN),
        rows=matrix.rows(evidence, report.verdicts),
        fine=list(dict.fromkeys(v.requirement for v in report.verdicts if v.outcome is Outcome.MET)),
        clean=clean,
    )


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    source = files("exporters.report").joinpath("templates", "preflight.html").read_text("utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(source)


def _predicted(prediction: Prediction) -> dict[str, object]:
    first = [error for error in prediction.errors if error.masked_by is None]
    expected = any(error.likelihood is Likelihood.EXPECTED for error in first)
    state = (
        Outcome.VIOLATED if expected else Outcome.UNKNOWN if first or not prediction.decided else Outcome.MET
    )
    said = "nothing against it" if prediction.decided else "undecided: something it needs is not known"
    return {
        "operation": prediction.operation.value.replace("_", " "),
        "outcome": state.value,
        "errors": first,
        "later": [error.error for error in prediction.errors if error.masked_by is not None],
        "said": said,
    }


def _groups(verdicts: Iterable[Verdict], outcome: Outcome) -> list[dict[str, object]]:
    return [
        {
            "requirement": found.verdict.requirement,
            "level": found.verdict.level.value,
            "subjects": [clean(subject, 64) for subject in found.subjects],
            "because": clean(found.verdict.because, _LIMIT),
            "errors": found.verdict.kms_errors,
            "remedy": found.verdict.remedy
            and {
                "text": clean(found.verdict.remedy.text, _LIMIT),
                "console": clean(found.verdict.remedy.console, _LIMIT),
                "cli": clean(found.verdict.remedy.cli, _LIMIT),
            },
            "source": found.verdict.source,
        }
        for found in findings.group(v for v in verdicts if v.outcome is outcome)
    ]


def _stations(of: Preflight) -> tuple[tuple[Box, ...], ...]:
    """KMS, the endpoint service, the ways in, the targets, the key managers."""
    report, evidence = of.report, of.evidence
    connect = next((p for p in report.predictions if p.operation is Operation.CONNECT), None)
    state = str(_predicted(connect)["outcome"]) if connect else Outcome.UNKNOWN.value
    service = evidence.account.service if evidence.account else None
    named = service.id if isinstance(service, EndpointService) else "endpoint service"
    judged = [v for v in report.verdicts if v.subject == named]
    by_role = {
        role: [row for row in matrix.rows(evidence, report.verdicts) if row.target.role is role]
        for role in Role
    }
    ways_in = by_role[Role.NODE] or by_role[Role.PROXY]
    return (
        (Box(title="AWS KMS", below="connect", outcome=Outcome(state)),),
        (Box(title=clean(named, 40), below="endpoint service", outcome=_worst(v.outcome for v in judged)),),
        tuple(map(_of_row, ways_in)),
        tuple(map(_of_row, by_role[Role.BACKEND])),
        tuple(_managers(evidence.recent)) or tuple(map(_of_row, by_role[Role.KEY_MANAGER])),
    )


def _of_row(row: matrix.Row) -> Box:
    cells = (row.tcp, row.tls, row.health)
    outcome = _worst(cell.outcome for cell in cells)
    wrong = next((cell.words for cell in cells if cell.outcome is Outcome.VIOLATED), "")
    below = wrong or row.target.zone or row.target.role.value.replace("_", " ")
    return Box(title=clean(row.target.name, 40), below=clean(below, 40), outcome=outcome)


def _managers(measured: Iterable[Measurement]) -> Iterable[Box]:
    """As the proxy names them in its newest answer."""
    for each in reversed(tuple(measured)):
        if isinstance(each.details, HealthDetails) and each.details.managers:
            for id_, state in each.details.managers:
                yield Box(title=clean(id_, 40), below=state.value, outcome=_OF_MANAGERS[state])
            return


def _worst(outcomes: Iterable[Outcome]) -> Outcome:
    return min(outcomes, key=_WORST.index, default=Outcome.UNKNOWN)


def _shown(boxes: Sequence[Box]) -> list[Box]:
    """Those that a station has room for; the rest as one, as the worst of them."""
    shown, rest = list(boxes[:_MAX_BOXES]), boxes[_MAX_BOXES:]
    if rest:
        worst = _worst(box.outcome for box in rest)
        shown.append(Box(title=f"and {len(rest)} more", below="", outcome=worst))
    return shown or [Box(title="not known", below="", outcome=Outcome.UNKNOWN)]


def _bars(evidence: Evidence) -> list[Bar]:
    bars = []
    for target in evidence.targets:
        for mode, check in REQUESTS.items():
            own = [
                each for each in evidence.recent if each.target.name == target.name and each.check is check
            ]
            phases = health.medians(own)
            if phases:
                bars.append(_bar(f"{clean(target.name, 40)} {mode.value}", phases))
    return bars


def _bar(title: str, phases: dict[Phase, float]) -> Bar:
    parts, x = [], 0.0
    for phase in CALL_PHASES:
        duration_s = phases.get(phase, 0.0)
        width = min(duration_s / BAR_S * BAR_WIDTH, BAR_WIDTH - x)
        if duration_s:
            parts.append((phase.value, round(x, 1), round(max(width, 1.0), 1), duration_s * 1e3))
        x += width
    total_s = sum(phases.values())
    return Bar(title=title, total_ms=total_s * 1e3, is_over=total_s > CALL_LIMIT_S, parts=tuple(parts))
