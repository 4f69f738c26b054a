"""The whole report: what is wrong and what to do, what KMS would say, the path, the Regions, what is fine."""

from collections.abc import Iterable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from exporters.report import fields, findings, judged, path, tls, words
from exporters.report import survey as regions
from probe.model.survey import Survey
from probe.model.text import clean
from probe.model.verdicts import (
    Evidence,
    Likelihood,
    Operation,
    Outcome,
    PredictedError,
    Prediction,
    Report,
)


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
    if expected:
        return Text.assemble(("✗ KMS would refuse this.", "bold red"), (f"  {tally}", "dim"))
    if counts[Outcome.VIOLATED]:
        return Text.assemble(("! It may work, but it is at risk.", "bold yellow"), (f"  {tally}", "dim"))
    if counts[Outcome.UNKNOWN] or not report.verdicts:
        return Text.assemble(
            ("? Nothing wrong was seen, but not everything was.", "bold yellow"), (f"  {tally}", "dim")
        )
    if report.extra_authorities:
        return Text.assemble(
            ("! Extra authorities apart, everything that was judged is fine.", "bold yellow"),
            (f"  {tally}", "dim"),
        )
    return Text.assemble(("✓ Everything that was judged is fine.", "bold green"), (f"  {tally}", "dim"))


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
