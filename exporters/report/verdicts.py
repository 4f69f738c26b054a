"""The agent's report: what KMS would return, what is wrong and how to fix it, the path, the Regions."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exporters import predictions as of_kms
from exporters.headline import headline, is_refused
from exporters.health import LatestHealth
from exporters.report import conclusion, fields, findings, formatting, judged, latest_health, path, tls
from exporters.report import survey as regions
from probe.model.evidence import Evidence
from probe.model.survey import Survey
from probe.model.text import clean
from probe.model.verdicts import Level, Likelihood, Operation, Outcome, PredictedError, Prediction, Report

Judged = tuple[Report, Evidence]  # of one key store


def document(*, reports: Sequence[Judged], survey: Survey, vantage: str, version: str) -> dict[str, object]:
    """As in ``docs/schemas/report.json``. Needs a report; the key store with the worst result is first."""
    judged_ = _worst_first(reports)
    return {
        "schema_version": fields.SCHEMA_VERSION,
        "version": version,
        "vantage": clean(vantage),
        **_store(judged_[0][0]),
        "stores": [_store(report) for report, _ in judged_],
        "targets": [path.document(stop) for stop in path.stops(*(evidence for _, evidence in judged_))],
        "survey": regions.document(survey),
    }


def _store(report: Report) -> dict[str, object]:
    return {
        "taken_at": fields.time(report.taken_at_s),
        "headline": headline(report).sentence,
        "key_store": clean(report.key_store) or None,
        "authorities_as_of": report.authorities_as_of or None,
        "authorities_proposed": report.authorities_proposed or None,
        "extra_authorities": [clean(name) for name in report.extra_authorities],
        "verdicts": [judged.verdict(verdict) for verdict in report.verdicts],
        "prediction": judged.predictions(report.predictions),
        "summary": {outcome.value: count for outcome, count in report.counts().items()},
    }


def render(*, reports: Sequence[Judged], survey: Survey, vantage: str, version: str) -> RenderableType:
    """What is wrong comes first, what is met last; the key store with the worst result before the others."""
    judged_ = _worst_first(reports)
    stops = path.stops(*(evidence for _, evidence in judged_))
    several = len(judged_) > 1
    parts: list[RenderableType | None] = [
        _head(judged_[0][0], vantage, version, several=several),
        *(part for report, _ in judged_ for part in _judged(report, several=several)),
        path.table(stops, judged_[0][0].taken_at_s),
        _health(stops),
        *_survey(survey),
        *(part for report, _ in judged_ for part in _fine(report, several=several)),
    ]
    return Group(*(part for part in parts if part is not None))


def _judged(report: Report, *, several: bool) -> Iterable[RenderableType | None]:
    if several:
        yield Text.assemble("\n", (clean(report.key_store) or "key store without a name", "bold underline"))
    yield tls.extra_authorities(report)
    yield Text()
    yield conclusion.render(report)
    yield predictions(report)
    yield Text()
    yield findings.render(report.verdicts)


def _fine(report: Report, *, several: bool) -> Iterable[RenderableType | None]:
    shown = findings.fine(report.verdicts)
    if several and shown is not None:
        yield Text(clean(report.key_store) or "key store without a name", style="bold underline")
    yield shown


def _health(stops: Iterable[path.Stop]) -> RenderableType | None:
    shown = [(stop.target, stop.health) for stop in stops if stop.health != LatestHealth()]
    return latest_health.table(shown) if shown else None


def _worst_first(reports: Sequence[Judged]) -> list[Judged]:
    return sorted(reports, key=lambda each: _gravity(each[0]))


def _gravity(report: Report) -> int:
    """0 if KMS would return an error, 1 if there are risks, 2 if something is unknown, else 3."""
    levels = {verdict.level for verdict in report.verdicts if verdict.outcome is Outcome.VIOLATED}
    if is_refused(report):
        return 0
    if levels - {Level.ADVICE}:
        return 1
    return 2 if report.counts()[Outcome.UNKNOWN] or not report.verdicts else 3


def _head(report: Report, vantage: str, version: str, *, several: bool) -> Text:
    parts = [f"probed from {clean(vantage) or 'here'}"]
    if report.key_store and not several:
        parts.append(clean(report.key_store))
    parts.append(formatting.moment(report.taken_at_s))
    if report.authorities_as_of:
        parts.append(clean(formatting.authority_lists(report)))
    return Text.assemble((f"xks-probe {version}", "bold"), (" · " + " · ".join(parts), "dim"))


def predictions(report: Report) -> RenderableType:
    """One row per KMS call: the errors it would return."""
    by_operation = {prediction.operation: prediction for prediction in report.predictions}
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, width=23)
    grid.add_column(overflow="fold")
    for operation in Operation:
        lines = _prediction(operation, by_operation.get(operation), report)
        grid.add_row(Text(f"  {of_kms.CALLS[operation]}", style="dim"), Group(*lines))
    return grid


def _prediction(operation: Operation, prediction: Prediction | None, report: Report) -> Iterable[Text]:
    errors = of_kms.returned(prediction)
    if not errors:
        outcome, words = of_kms.without_error(operation, prediction, report.verdicts)
        yield Text(words, style=formatting.OUTCOMES[outcome][1])
    for error in errors:
        yield _error(error, report)
    if later := of_kms.hidden(prediction):
        yield Text(f"after that is fixed: {', '.join(later)}", style="dim")


def _error(error: PredictedError, report: Report) -> Text:
    sure = error.likelihood is Likelihood.EXPECTED
    causes = of_kms.causes(error, report.verdicts)
    return Text.assemble(
        (error.error, "bold red" if sure else "bold yellow"),
        (f" {error.likelihood.value}", "red" if sure else "yellow"),
        (f" ({causes})" if causes else "", "dim"),
    )


def _survey(survey: Survey) -> Iterable[RenderableType]:
    if not survey.regions:
        return
    yield Text("Candidate Regions", style="bold")
    yield regions.body(survey)
    yield Text()
