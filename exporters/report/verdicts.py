"""The whole report: what is wrong and what to do, what KMS would say, the path, the Regions, what is fine."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exporters.report import fields, findings, judged, path, tls, words
from exporters.report import survey as regions
from probe.model.evidence import Evidence
from probe.model.survey import Survey
from probe.model.text import clean
from probe.model.verdicts import Level, Likelihood, Operation, Outcome, PredictedError, Prediction, Report


def document(
    *, report: Report, survey: Survey, evidence: Evidence, vantage: str, version: str
) -> dict[str, object]:
    """As ``docs/schemas/report.json``."""
    return {
        "schema_version": fields.SCHEMA_VERSION,
        "taken_at": fields.time(report.taken_at_s),
        "version": version,
        "vantage": clean(vantage),
        "key_store": clean(report.key_store) or None,
        "authorities_as_of": report.authorities_as_of or None,
        "extra_authorities": [clean(name) for name in report.extra_authorities],
        "verdicts": [judged.verdict(verdict) for verdict in report.verdicts],
        "prediction": judged.predictions(report.predictions),
        "summary": {outcome.value: count for outcome, count in report.counts().items()},
        "targets": [path.document(stop) for stop in path.stops(evidence)],
        "survey": regions.document(survey),
    }


def render(
    *, report: Report, survey: Survey, evidence: Evidence, vantage: str, version: str
) -> RenderableType:
    """What is wrong comes first, what is fine last and in one block."""
    parts: list[RenderableType | None] = [
        _head(report, vantage, version),
        tls.extra_authorities(report),
        Text(),
        conclusion(report),
        predictions(report),
        Text(),
        findings.render(report.verdicts),
        path.PathTable(path.stops(evidence), report.taken_at_s),
        *_survey(survey),
        findings.fine(report.verdicts),
    ]
    return Group(*(part for part in parts if part is not None))


def _head(report: Report, vantage: str, version: str) -> Text:
    said = [clean(vantage) or "here"]
    if report.key_store:
        said.append(clean(report.key_store))
    said.append(words.moment(report.taken_at_s))
    if report.authorities_as_of:
        said.append(f"KMS's authorities as of {clean(report.authorities_as_of)}")
    return Text.assemble((f"xks-probe {version}", "bold"), (" · " + " · ".join(said), "dim"))


def conclusion(report: Report) -> Text:
    """The one line to read."""
    expected = any(
        error.likelihood is Likelihood.EXPECTED and error.masked_by is None
        for prediction in report.predictions
        for error in prediction.errors
    )
    counts = report.counts()
    tally = ", ".join(f"{counts[outcome]} {words.OUTCOMES[outcome][0]}" for outcome in list(Outcome)[:3])
    said, style = ("✗ KMS would refuse this.", "bold red") if expected else _of_what_is_not_expected(report)
    return Text.assemble((said, style), (f"  {tally}", "dim"))


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
