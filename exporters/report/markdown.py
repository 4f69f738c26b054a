"""A preflight as Markdown, for a ticket or a wiki: what KMS would say, what is wrong, what is fine."""

from collections.abc import Iterable, Iterator

from exporters.report import findings, matrix
from exporters.report.preflight import Preflight, cautions, facts
from probe.model.text import clean, clean_markdown
from probe.model.verdicts import KmsError, Operation, Outcome, PredictedError, Prediction

_LIMIT = 1024
_MAX_SUBJECTS = 8
_SIGNS = {Outcome.MET: "✓", Outcome.VIOLATED: "✗", Outcome.UNKNOWN: "?", Outcome.NOT_APPLICABLE: "-"}


def text(of: Preflight) -> str:
    return "\n".join(_lines(of)) + "\n"


def _lines(of: Preflight) -> Iterator[str]:
    report, spec = of.report, of.evidence.spec
    where = (spec.id or spec.host or "new key store") if spec else "key store"
    yield f"# Preflight of {_said(where)}"
    yield ""
    yield _said(f"xks-probe {of.version} · {' · '.join(facts(of))}")
    for caution in cautions(of):
        yield from ("", f"**{_said(caution)}**")
    for authority in report.extra_authorities:
        yield from ("", f"**Rests on an extra authority that KMS does not have: {_said(authority)}**")
    yield from ("", "| operation | KMS would say |", "| --- | --- |")
    said = {prediction.operation: prediction for prediction in report.predictions}
    for operation in Operation:
        yield f"| {operation.value.replace('_', ' ')} | {_prediction(said.get(operation))} |"
    for title, outcome in (("What is wrong", Outcome.VIOLATED), ("Not known", Outcome.UNKNOWN)):
        found = findings.group(verdict for verdict in report.verdicts if verdict.outcome is outcome)
        if found:
            yield from ("", f"## {title} ({len(found)})", "")
            yield from _each(found)
    yield from _matrix(of)
    met = dict.fromkeys(verdict.requirement for verdict in report.verdicts if verdict.outcome is Outcome.MET)
    yield from ("", f"## Fine ({len(met)})", "", ", ".join(met))


def _prediction(prediction: Prediction | None) -> str:
    shown = [error for error in prediction.errors if error.masked_by is None] if prediction else []
    if shown:
        later = (
            [error.error for error in prediction.errors if error.masked_by is not None] if prediction else []
        )
        mended = f"; once that is mended: {', '.join(f'`{name}`' for name in later)}" if later else ""
        return "; ".join(map(_error, shown)) + mended
    decided = prediction is not None and prediction.decided
    return "nothing against it" if decided else "undecided: something it needs is not known"


def _error(error: PredictedError | KmsError) -> str:
    others = "".join(f" or `{name}`" for name in error.alternatives)
    return f"`{error.error}`{others} ({error.likelihood.value}, {error.basis.value})"


def _each(found: Iterable[findings.Finding]) -> Iterator[str]:
    for each in found:
        verdict, subjects = each.verdict, each.subjects[:_MAX_SUBJECTS]
        more = f" and {len(each.subjects) - len(subjects)} more" if len(each.subjects) > len(subjects) else ""
        named = ", ".join(_said(subject) for subject in subjects)
        yield f"- **{verdict.requirement}** ({named}{more}): {_said(verdict.because)}"
        for error in verdict.kms_errors:
            yield f"  - {error.operation.value.replace('_', ' ')}: {_error(error)}"
        if verdict.remedy is not None:
            yield f"  - {_said(verdict.remedy.text)}"
            if verdict.remedy.cli:
                yield f"  - {_code(verdict.remedy.cli)}"


def _matrix(of: Preflight) -> Iterator[str]:
    rows = matrix.rows(of.evidence, of.report.verdicts)
    if not rows:
        return
    yield from ("", "## Through the load balancer and past it", "")
    yield "| | target | zone | TCP | TLS | health | load balancer says |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for row in rows:
        cells = (row.tcp, row.tls, row.health, row.load_balancer)
        shown = " | ".join(f"{_SIGNS[cell.outcome]} {_said(cell.words)}".strip() for cell in cells)
        target = row.target
        yield f"| {target.role.value} | {_said(target.name)} | {_said(target.zone)} | {shown} |"


def _code(line: str) -> str:
    """A code span that the line itself cannot end (CommonMark, section 6.1)."""
    inner = clean(line, _LIMIT)
    fence = "`"
    while fence in inner:
        fence += "`"
    return f"{fence} {inner} {fence}" if len(fence) > 1 else f"`{inner}`"


def _said(value: str) -> str:
    return clean_markdown(value, _LIMIT)
