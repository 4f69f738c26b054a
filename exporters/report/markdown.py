"""A preflight as Markdown for tickets and wikis: what KMS would return, what is wrong, what is met."""

from collections.abc import Iterable, Iterator

from exporters import predictions, tally
from exporters.headline import headline
from exporters.predictions import CALLS
from exporters.report import aws_metrics, findings, grouping, large_client_hello, matrix
from exporters.report.preflight import Preflight, cautions, facts
from probe.model.text import clean, clean_markdown
from probe.model.verdicts import KmsError, Operation, Outcome, PredictedError, Prediction, Report

_LIMIT = 1024
_SIGNS = {Outcome.MET: "✓", Outcome.VIOLATED: "✗", Outcome.UNKNOWN: "?", Outcome.NOT_APPLICABLE: "-"}


def text(of: Preflight) -> str:
    return "\n".join(_lines(of)) + "\n"


def _lines(of: Preflight) -> Iterator[str]:
    report, spec = of.report, of.evidence.spec
    where = (spec.id or spec.host or "new key store") if spec else "key store"
    yield f"# Preflight of {_escaped(where)}"
    told = headline(report, of.evidence.account)
    yield from ("", f"**{told.signed}** {tally.summary(report.verdicts)}")
    yield from ("", _escaped(f"xks-probe {of.version} · {' · '.join(facts(of))}"))
    for caution in cautions(of):
        yield from ("", f"**{_escaped(caution)}**")
    yield from ("", "| KMS call | would return |", "| --- | --- |")
    by_operation = {prediction.operation: prediction for prediction in report.predictions}
    for operation in Operation:
        yield f"| {CALLS[operation]} | {_prediction(operation, by_operation.get(operation), report)} |"
    yield from _from_aws(report)
    wrong = grouping.group(v for v in report.verdicts if v.outcome is Outcome.VIOLATED)
    if wrong:
        yield from ("", f"## {findings.wrong_title(report.verdicts)}", "", *_each(wrong))
    unknown = grouping.causes(v for v in report.verdicts if v.outcome is Outcome.UNKNOWN)
    if unknown:
        yield from ("", f"## {findings.unknown_title(report.verdicts)}", "", *map(_cause, unknown))
    yield from _matrix(of)
    yield from _large_client_hellos(of)
    yield from (
        "",
        f"## {findings.fine_title(report.verdicts)}",
        "",
        ", ".join(findings.met(report.verdicts)),
    )


def _from_aws(report: Report) -> Iterator[str]:
    """The state that KMS reports, and what AWS measured."""
    state = [f"KMS reports {' '.join(aws_metrics.reported(report.actual))}"] if report.actual else []
    told = [*state, *(f"{who}: {words}" for who, words in aws_metrics.rows(report))]
    if told:
        yield from ("", *(f"- {_escaped(each)}" for each in told))


def _prediction(operation: Operation, prediction: Prediction | None, report: Report) -> str:
    errors = predictions.returned(prediction)
    if not errors:
        return predictions.without_error(operation, prediction, report.verdicts)[1]
    later = [f"`{name}`" for name in predictions.hidden(prediction)]
    fixed = f"; after that is fixed: {', '.join(later)}" if later else ""
    return "; ".join(_error(error, predictions.causes(error, report.verdicts)) for error in errors) + fixed


def _error(error: PredictedError | KmsError, causes: str = "") -> str:
    others = "".join(f" or `{name}`" for name in error.alternatives)
    details = "; ".join(filter(None, (error.likelihood.value, causes, predictions.BASES[error.basis])))
    return f"`{error.error}`{others} ({details})"


def _each(found: Iterable[grouping.Finding]) -> Iterator[str]:
    for each in found:
        verdict = each.verdict
        yield f"- **{verdict.requirement}** ({_escaped(findings.named(each.subjects))})"
        for line in findings.because(each):
            yield f"  - {_escaped(line)}"
        if each.also:
            yield f"  - so also: {', '.join(each.also)}"
        for error in verdict.kms_errors:
            yield f"  - {CALLS[error.operation]}: {_error(error)}"
        if verdict.remedy is not None:
            yield f"  - fix: {_escaped(verdict.remedy.text)}"
            if verdict.remedy.cli:
                yield f"  - {_code(verdict.remedy.cli)}"


def _cause(cause: grouping.Cause) -> str:
    where = findings.named(cause.subjects)
    return f"- {_escaped(f'{where}: ' * bool(where) + cause.because)} ({', '.join(cause.requirements)})"


def _matrix(of: Preflight) -> Iterator[str]:
    rows = matrix.rows(of.evidence, of.report.verdicts)
    if not rows:
        return
    yield from ("", f"## {matrix.TITLE}", "")
    yield "| | target | zone | TCP | TLS | health | NLB health check |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for row in rows:
        cells = (row.tcp, row.tls, row.health, row.load_balancer)
        shown = " | ".join(f"{_SIGNS[cell.outcome]} {_escaped(cell.words)}".strip() for cell in cells)
        target = row.target
        yield f"| {target.role.value} | {_escaped(target.name)} | {_escaped(target.zone)} | {shown} |"


def _large_client_hellos(of: Preflight) -> Iterator[str]:
    found = large_client_hello.lines(of.evidence.large_client_hellos)
    if found:
        yield from ("", f"## {large_client_hello.TITLE}", "")
        yield from (f"- {'✓' if good else '!'} {_escaped(line)}" for good, line in found)


def _code(line: str) -> str:
    """A code span that text in the line cannot close (CommonMark, section 6.1)."""
    inner = clean(line, _LIMIT)
    fence = "`"
    while fence in inner:
        fence += "`"
    return f"{fence} {inner} {fence}" if len(fence) > 1 else f"`{inner}`"


def _escaped(value: str) -> str:
    return clean_markdown(value, _LIMIT)
