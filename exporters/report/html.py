"""A preflight as a self-contained HTML file, without scripts or requests, for light and dark screens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from exporters import predictions
from exporters.checks import CALL_PHASES, REQUESTS
from exporters.headline import headline
from exporters.report import aws_metrics, findings, grouping, health, large_client_hello, matrix
from exporters.report.markup import breakable
from exporters.report.preflight import Preflight, cautions, facts
from exporters.tally import tallies
from probe.model.account import EndpointService
from probe.model.evidence import Evidence
from probe.model.measurements import HealthDetails, KeyManagerStatus, Measurement, Phase
from probe.model.survey import CALL_LIMIT_S
from probe.model.targets import Role
from probe.model.text import clean
from probe.model.verdicts import Likelihood, Operation, Outcome, Prediction, Verdict

if TYPE_CHECKING:
    from jinja2 import Template

BAR_WIDTH = 500  # represents 300 ms, so that the limit is inside the drawing
BAR_S = 0.3
ALARM_S = 0.2
_MAX_BOXES = 6
_STATIONS = ("", "endpoint service", "load balancer nodes", "NLB targets (XKS proxies)", "key managers")
_LIMIT = 1024
_WORST = (Outcome.VIOLATED, Outcome.UNKNOWN, Outcome.MET, Outcome.NOT_APPLICABLE)
_OF_MANAGERS = {
    KeyManagerStatus.ACTIVE: Outcome.MET,
    KeyManagerStatus.DEGRADED: Outcome.UNKNOWN,
    KeyManagerStatus.UNAVAILABLE: Outcome.VIOLATED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One component on the path, such as a load balancer node."""

    title: str
    below: str
    outcome: Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The time budget of one target: ``parts`` are (phase, x, width, milliseconds)."""

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
        headline=headline(report, evidence.account),
        actual=report.actual and aws_metrics.reported(report.actual),
        measured=aws_metrics.rows(report),
        counts={outcome.value: str(tally) for outcome, tally in tallies(report.verdicts).items()},
        predictions=[_predicted(each, report.verdicts) for each in report.predictions],
        stations=[(name, _shown(boxes)) for name, boxes in zip(_STATIONS, _stations(of), strict=True)],
        bars=_bars(evidence),
        limit_x=CALL_LIMIT_S / BAR_S * BAR_WIDTH,
        alarm_x=ALARM_S / BAR_S * BAR_WIDTH,
        wrong_title=findings.wrong_title(report.verdicts),
        wrong=[_wrong(each) for each in grouping.group(_of(report.verdicts, Outcome.VIOLATED))],
        unknown_title=findings.unknown_title(report.verdicts),
        unknown=[_unknown(each) for each in grouping.causes(_of(report.verdicts, Outcome.UNKNOWN))],
        rows=matrix.rows(evidence, report.verdicts),
        large_title=large_client_hello.TITLE,
        large=large_client_hello.lines(evidence.large_client_hellos),
        fine_title=findings.fine_title(report.verdicts),
        fine=findings.met(report.verdicts),
        calls=predictions.CALLS,
        alternatives=predictions.alternatives,
        clean=clean,
    )


@cache
def _template() -> "Template":
    from jinja2 import Environment, StrictUndefined

    source = files("exporters.report").joinpath("templates", "preflight.html").read_text("utf-8")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.filters["breakable"] = breakable
    return environment.from_string(source)


def _predicted(prediction: Prediction, verdicts: Sequence[Verdict]) -> dict[str, object]:
    outcome, text = predictions.without_error(prediction.operation, prediction, verdicts)
    errors = predictions.returned(prediction)
    if errors:
        expected = any(error.likelihood is Likelihood.EXPECTED for error in errors)
        outcome = Outcome.VIOLATED if expected else Outcome.UNKNOWN
    return {
        "call": predictions.CALLS[prediction.operation],
        "outcome": outcome.value,
        "errors": [(error, predictions.causes(error, verdicts)) for error in errors],
        "hidden": predictions.hidden(prediction),
        "text": text,
    }


def _of(verdicts: Iterable[Verdict], outcome: Outcome) -> Iterable[Verdict]:
    return (verdict for verdict in verdicts if verdict.outcome is outcome)


def _wrong(found: grouping.Finding) -> dict[str, object]:
    verdict, remedy = found.verdict, found.verdict.remedy
    return {
        "requirement": verdict.requirement,
        "level": verdict.level.value,
        "where": findings.named(found.subjects),
        "because": tuple(findings.because(found)),
        "also": found.also,
        "errors": verdict.kms_errors,
        "remedy": remedy
        and {
            "text": clean(remedy.text, _LIMIT),
            "console": clean(remedy.console, _LIMIT),
            "cli": clean(remedy.cli, _LIMIT),
        },
        "source": verdict.source,
    }


def _unknown(cause: grouping.Cause) -> dict[str, object]:
    return {
        "where": findings.named(cause.subjects),
        "because": clean(cause.because, _LIMIT),
        "requirements": cause.requirements,
        "fixes": tuple(clean(each, _LIMIT) for each in cause.fixes),
    }


def _stations(of: Preflight) -> tuple[tuple[Box, ...], ...]:
    """KMS, the endpoint service, the entry points, the NLB targets, the key managers."""
    report, evidence = of.report, of.evidence
    connect = next((p for p in report.predictions if p.operation is Operation.CONNECT), None)
    state = str(_predicted(connect, report.verdicts)["outcome"]) if connect else Outcome.UNKNOWN.value
    service = evidence.account.service if evidence.account else None
    named = service.id if isinstance(service, EndpointService) else "endpoint service"
    judged = [v for v in report.verdicts if v.subject == named]
    by_role = {
        role: [row for row in matrix.rows(evidence, report.verdicts) if row.target.role is role]
        for role in Role
    }
    entry_points = by_role[Role.NODE] or by_role[Role.PROXY]
    return (
        (Box(title="AWS KMS", below=predictions.CALLS[Operation.CONNECT], outcome=Outcome(state)),),
        (Box(title=clean(named, 40), below="endpoint service", outcome=_worst(v.outcome for v in judged)),),
        tuple(map(_of_row, entry_points)),
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
    """The key managers in the latest response of the proxy."""
    for each in reversed(tuple(measured)):
        if isinstance(each.details, HealthDetails) and each.details.managers:
            for id_, state in each.details.managers:
                yield Box(title=clean(id_, 40), below=state.value, outcome=_OF_MANAGERS[state])
            return


def _worst(outcomes: Iterable[Outcome]) -> Outcome:
    return min(outcomes, key=_WORST.index, default=Outcome.UNKNOWN)


def _shown(boxes: Sequence[Box]) -> list[Box]:
    """The boxes that fit; one box for the rest, with the worst outcome among them."""
    shown, rest = list(boxes[:_MAX_BOXES]), boxes[_MAX_BOXES:]
    if rest:
        worst = _worst(box.outcome for box in rest)
        shown.append(Box(title=f"and {len(rest)} more", below="", outcome=worst))
    return shown or [Box(title="unknown", below="", outcome=Outcome.UNKNOWN)]


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
