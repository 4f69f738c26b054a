"""Verdicts for people: what is wrong and what to do, what is not known, and in one block what is fine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from probe.model.text import clean
from probe.model.verdicts import KmsError, KmsStep, Level, Likelihood, Outcome, Remedy, Verdict

MAX_SHOWN = 40
_LIMIT = 1024
_LEVELS = {
    Level.REQUIRED: ("required", "bold red"),
    Level.RISK: ("risk", "yellow"),
    Level.ADVICE: ("advice", "cyan"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Verdicts of one requirement with the same words, for one subject or several."""

    verdict: Verdict
    subjects: tuple[str, ...]


def group(verdicts: Iterable[Verdict]) -> tuple[Finding, ...]:
    """Equal verdicts of several subjects as one; what KMS meets first comes first within its level."""
    subjects: dict[tuple[object, ...], list[Verdict]] = {}
    for verdict in verdicts:
        key = (verdict.requirement, verdict.outcome, verdict.because, verdict.remedy, verdict.kms_errors)
        subjects.setdefault(key, []).append(verdict)
    found = [Finding(verdict=same[0], subjects=tuple(v.subject for v in same)) for same in subjects.values()]
    return tuple(sorted(found, key=_urgency))


def _urgency(finding: Finding) -> tuple[int, int]:
    level, step = finding.verdict.level, finding.verdict.step
    return list(Level).index(level), 0 if step is None else list(KmsStep).index(step)


def render(verdicts: Sequence[Verdict]) -> RenderableType:
    """All of it: wrong, unknown; `fine` is apart, because it comes last in a report."""
    parts = [part for part in (wrong(verdicts), possible(verdicts), unknown(verdicts)) if part is not None]
    return Group(*parts)


def wrong(verdicts: Iterable[Verdict]) -> RenderableType | None:
    """Each violated requirement with its reason, KMS's words and the remedy; None when there is none."""
    found = group(v for v in verdicts if v.outcome is Outcome.VIOLATED)
    if not found:
        return None
    blocks: list[RenderableType] = [Text(f"What is wrong ({len(found)})", style="bold red")]
    blocks.extend(_block(number, finding) for number, finding in enumerate(found[:MAX_SHOWN], 1))
    return Group(*blocks, *_more(found))


def possible(verdicts: Iterable[Verdict]) -> RenderableType | None:
    """Met, and yet KMS may give an error at times (answers close to its limit)."""
    found = group(v for v in verdicts if v.outcome is Outcome.MET and v.kms_errors)
    if not found:
        return None
    blocks = [_block(number, finding) for number, finding in enumerate(found[:MAX_SHOWN], 1)]
    return Group(
        Text(f"Met, but close to a limit ({len(found)})", style="bold yellow"), *blocks, *_more(found)
    )


def unknown(verdicts: Iterable[Verdict]) -> RenderableType | None:
    """One line for each reason, with all that is unknown because of it; None when everything is known."""
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    texts: dict[tuple[str, str], set[str]] = {}
    for finding in group(v for v in verdicts if v.outcome is Outcome.UNKNOWN):
        remedy = finding.verdict.remedy
        for subject in finding.subjects:
            reason = (subject, finding.verdict.because)
            reasons.setdefault(reason, {})[finding.verdict.requirement] = None
            texts.setdefault(reason, set()).update({remedy.text} if remedy else ())
    if not reasons:
        return None
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, width=1)
    grid.add_column(overflow="fold")
    for (subject, because), requirements in list(reasons.items())[:MAX_SHOWN]:
        where = f"{clean(subject, 64)}: " if subject else ""
        grid.add_row(Text("?", style="yellow"), Text(f"{where}{clean(because, _LIMIT)}"))
        grid.add_row("", Text(", ".join(requirements), style="dim"))
        for text in sorted(texts[subject, because]):
            grid.add_row("", Text(clean(text, _LIMIT), style="green"))
    count = len({requirement for named in reasons.values() for requirement in named})
    head = Text(f"Not known ({count}): this is not the same as fine", style="bold yellow")
    return Group(head, Padding(grid, (0, 0, 1, 2)), *_more(tuple(reasons)))


def fine(verdicts: Iterable[Verdict]) -> RenderableType | None:
    """The ids of what is met, in one block."""
    listed = list(verdicts)
    bad = {v.requirement for v in listed if v.outcome in (Outcome.VIOLATED, Outcome.UNKNOWN)}
    met = dict.fromkeys(
        v.requirement for v in listed if v.outcome is Outcome.MET and v.requirement not in bad
    )
    if not met:
        return None
    skipped = {v.requirement for v in listed if v.outcome is Outcome.NOT_APPLICABLE} - met.keys() - bad
    tail = f"   (not applicable: {len(skipped)})" if skipped else ""
    head = Text.assemble((f"Fine ({len(met)})", "bold green"), (tail, "dim"))
    return Group(head, Padding(Text(" · ".join(met), style="dim"), (0, 0, 0, 2)))


def _block(number: int, finding: Finding) -> RenderableType:
    verdict = finding.verdict
    level, style = _LEVELS[verdict.level]
    head = Text.assemble((f"{number}. ", style), _title(finding), ("  " + level, style))
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, width=7)
    grid.add_column(overflow="fold")
    for label, text in _rows(verdict):
        grid.add_row(Text(label, style="dim"), text)
    return Group(head, Padding(grid, (0, 0, 1, 3)))


def _title(finding: Finding) -> Text:
    shown = ", ".join(clean(subject, 64) for subject in finding.subjects[:8])
    rest = len(finding.subjects) - 8
    tail = f" and {rest} more" if rest > 0 else ""
    where = f" · {shown}{tail}" if shown.strip(", ") else ""
    return Text.assemble((finding.verdict.requirement, "bold"), where)


def _rows(verdict: Verdict) -> Iterable[tuple[str, Text]]:
    yield "because", Text(clean(verdict.because, _LIMIT))
    for error in verdict.kms_errors:
        yield "KMS", _said(error)
    if verdict.remedy is not None:
        yield from _remedy(verdict.remedy)
    if verdict.source:
        yield "source", Text(clean(verdict.source, _LIMIT), style="dim")


def _said(error: KmsError) -> Text:
    sure = error.likelihood is Likelihood.EXPECTED
    said = Text.assemble(
        (error.error, "bold"),
        (" expected" if sure else " possible", "red" if sure else "yellow"),
        (f" at {error.operation.value.replace('_', ' ')}, {error.basis.value}", "dim"),
    )
    if error.alternatives:
        said.append(f"; or {', '.join(error.alternatives)}", style="dim")
    return said


def _remedy(remedy: Remedy) -> Iterable[tuple[str, Text]]:
    yield "do", Text(clean(remedy.text, _LIMIT), style="bold green")
    if remedy.console:
        yield "console", Text(clean(remedy.console, _LIMIT))
    if remedy.cli:
        yield "run", Text(clean(remedy.cli, _LIMIT), style="cyan")


def _more(found: Sequence[object]) -> tuple[Text, ...]:
    rest = len(found) - MAX_SHOWN
    return (Text(f"  and {rest} more; --format json has them all"),) if rest > 0 else ()
