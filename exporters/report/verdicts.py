"""The whole report: what is wrong and what to do, what KMS would say, the path, the Regions, what is fine."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exporters.health import LatestHealth
from exporters.report import fields, findings, formatting, judged, latest_health, path, tls
from exporters.report import survey as regions
from probe.model.evidence import Evidence
from probe.model.survey import Survey
from probe.model.text import clean
from probe.model.verdicts import Level, Likelihood, Operation, Outcome, PredictedError, Prediction, Report

Judged = tuple[Report, Evidence]  # of one key store


def document(*, reports: Sequence[Judged], survey: Survey, vantage: str, version: str) -> dict[str, object]:
    """As ``docs/schemas/report.json``. There is at least one report; the first store is the one worst off."""
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
        "key_store": clean(report.key_store) or None,
        "authorities_as_of": report.authorities_as_of or None,
        "extra_authorities": [clean(name) for name in report.extra_authorities],
        "verdicts": [judged.verdict(verdict) for verdict in report.verdicts],
        "prediction": judged.predictions(report.predictions),
        "summary": {outcome.value: count for outcome, count in report.counts().items()},
    }


def render(*, reports: Sequence[Judged], survey: Survey, vantage: str, version: str) -> RenderableType:
    """What is wrong comes first, what is fine last, in one block; the store worst off before the others."""
    judged_ = _worst_first(reports)
    stops = path.stops(*(evidence for _, evidence in judged_))
    several = len(judged_) > 1
    parts: list[RenderableType | None] = [
        _head(judged_[0][0], vantage, version, several=several),
        *(part for report, _ in judged_ for part in _judged(report, several=several)),
        path.PathTable(stops, judged_[0][0].taken_at_s),
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
    yield conclusion(report)
    yield predictions(report)
    yield Text()
    yield findings.render(report.verdicts)


def _fine(report: Report, *, several: bool) -> Iterable[RenderableType | None]:
    shown = findings.fine(report.verdicts)
    if several and shown is not None:
        yield Text(clean(report.key_store) or "key store without a name", style="bold underline")
    yield shown


def _health(stops: Iterable[path.Stop]) -> RenderableType | None:
    said = [(stop.target, stop.health) for stop in stops if stop.health != LatestHealth()]
    return latest_health.HealthTable(said) if said else None


def _worst_first(reports: Sequence[Judged]) -> list[Judged]:
    return sorted(reports, key=lambda each: _gravity(each[0]))


def _gravity(report: Report) -> int:
    """0 for what KMS would refuse, then what is at risk, what is not known, and the rest."""
    levels = {verdict.level for verdict in report.verdicts if verdict.outcome is Outcome.VIOLATED}
    if _is_refused(report):
        return 0
    if levels - {Level.ADVICE}:
        return 1
    return 2 if report.counts()[Outcome.UNKNOWN] or not report.verdicts else 3


def _head(report: Report, vantage: str, version: str, *, several: bool) -> Text:
    said = [clean(vantage) or "here"]
    if report.key_store and not several:
        said.append(clean(report.key_store))
    said.append(formatting.moment(report.taken_at_s))
    if report.authorities_as_of:
        said.append(f"KMS's authorities as of {clean(report.authorities_as_of)}")
    return Text.assemble((f"xks-probe {version}", "bold"), (" · " + " · ".join(said), "dim"))


def conclusion(report: Report) -> Text:
    """The one line to read."""
    counts = report.counts()
    tally = ", ".join(f"{counts[outcome]} {formatting.OUTCOMES[outcome][0]}" for outcome in list(Outcome)[:3])
    refused = ("✗ KMS would refuse this.", "bold red")
    said, style = refused if _is_refused(report) else _of_what_is_not_expected(report)
    return Text.assemble((said, style), (f"  {tally}", "dim"))


def _is_refused(report: Report) -> bool:
    return any(
        error.likelihood is Likelihood.EXPECTED and error.masked_by is None
        for prediction in report.predictions
        for error in prediction.errors
    )


def _of_what_is_not_expected(report: Report) -> tuple[str, str]:
    """Words and their style. Advice puts nothing at risk: KMS can't see it."""
    violated = {verdict.level for verdict in report.verdicts if verdict.outcome is Outcome.VIOLATED}
    unseen = report.counts()[Outcome.UNKNOWN] > 0 or not report.verdicts
    if violated - {Level.ADVICE}:
        return "! It may work, but it is at risk.", "bold yellow"
    if violated:
        rest = ", but not everything was seen" if unseen else ""
        return f"! Nothing but advice stands against it{rest}.", "bold yellow"
    if unseen:
        return "? Nothing wrong was seen, but not everything was.", "bold yellow"
    if report.extra_authorities:
        return "! Extra authorities apart, everything that was judged is fine.", "bold yellow"
    return "✓ Everything that was judged is fine.", "bold green"


def predictions(report: Report) -> RenderableType:
    said = {prediction.operation: prediction for prediction in report.predictions}
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, width=12)
    grid.add_column(overflow="fold")
    for operation in Operation:
        lines = _prediction(said.get(operation))
        grid.add_row(Text(f"  {operation.value.replace('_', ' ')}", style="dim"), Group(*lines))
    return grid


def _prediction(prediction: Prediction | None) -> Iterable[Text]:
    shown = [error for error in prediction.errors if error.masked_by is None] if prediction else []
    later = [error for error in prediction.errors if error.masked_by is not None] if prediction else []
    if not shown:
        decided = prediction is not None and prediction.decided
        yield (
            Text("nothing against it", style="green")
            if decided
            else Text("undecided: something it needs is not known", style="yellow")
        )
    for error in shown:
        yield _error(error)
    if later:
        names = ", ".join(dict.fromkeys(error.error for error in later))
        yield Text(f"once that is mended: {names}", style="dim")


def _error(error: PredictedError) -> Text:
    sure = error.likelihood is Likelihood.EXPECTED
    because = ", ".join(error.requirements)
    return Text.assemble(
        (error.error, "bold red" if sure else "bold yellow"),
        (f" {error.likelihood.value}", "red" if sure else "yellow"),
        (f" because of {because}" if because else "", "dim"),
    )


def _survey(survey: Survey) -> Iterable[RenderableType]:
    if not survey.regions:
        return
    yield Text("Candidate Regions", style="bold")
    yield regions.body(survey)
    yield Text()
