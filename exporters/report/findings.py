"""Verdicts for people: what is wrong and how to fix it, what is unknown, and a list of what is met."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exporters import tally
from exporters.predictions import CALLS, alternatives
from probe.model.text import clean
from probe.model.verdicts import KmsError, KmsStep, Level, Likelihood, Outcome, Remedy, Verdict

MAX_SHOWN = 40
WITH_EXTRA_CA = " (only with an extra CA)"
_LIMIT = 1024
_LEVELS = {
    Level.REQUIRED: ("required", "bold red"),
    Level.RISK: ("risk", "yellow"),
    Level.ADVICE: ("advice", "cyan"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Verdicts of one requirement with the same text, for one or more subjects.

    ``also`` are the requirements with the same outcome for the same cause.
    """

    verdict: Verdict
    subjects: tuple[str, ...]
    also: tuple[str, ...] = ()


def group(verdicts: Iterable[Verdict]) -> tuple[Finding, ...]:
    """Merge equal verdicts of several subjects. Sorted by level, then by the order of KMS's checks.

    A verdict whose cause another one names has no entry of its own.
    """
    listed = list(verdicts)
    subjects: dict[tuple[object, ...], list[Verdict]] = {}
    for verdict in listed:
        if not verdict.told_by:
            key = (verdict.requirement, verdict.outcome, verdict.because, verdict.remedy, verdict.kms_errors)
            subjects.setdefault(key, []).append(verdict)
    found = [
        Finding(verdict=same[0], subjects=tuple(v.subject for v in same), also=tally.also(same, listed))
        for same in subjects.values()
    ]
    return tuple(sorted(found, key=_urgency))


def _urgency(finding: Finding) -> tuple[int, int]:
    level, step = finding.verdict.level, finding.verdict.step
    return list(Level).index(level), 0 if step is None else list(KmsStep).index(step)


def render(verdicts: Sequence[Verdict]) -> RenderableType:
    """What is wrong, close to a limit or unknown. `fine` is separate because it comes last in a report."""
    parts = [part for part in (wrong(verdicts), possible(verdicts), unknown(verdicts)) if part is not None]
    return Group(*parts)


def wrong(verdicts: Iterable[Verdict]) -> RenderableType | None:
    """Each violated requirement with the reason, the KMS errors and the fix; None if there is none."""
    listed = list(verdicts)
    found = group(v for v in listed if v.outcome is Outcome.VIOLATED)
    if not found:
        return None
    blocks: list[RenderableType] = [Text(wrong_title(listed), style="bold red")]
    blocks.extend(_block(number, finding) for number, finding in enumerate(found[:MAX_SHOWN], 1))
    return Group(*blocks, *_more(found))


def possible(verdicts: Iterable[Verdict]) -> RenderableType | None:
    """Requirements that are met, although KMS may return an error intermittently (close to a limit)."""
    found = group(v for v in verdicts if v.outcome is Outcome.MET and v.kms_errors)
    if not found:
        return None
    blocks = [_block(number, finding) for number, finding in enumerate(found[:MAX_SHOWN], 1)]
    return Group(
        Text(f"Met, but close to a limit ({len(found)})", style="bold yellow"), *blocks, *_more(found)
    )


def unknown(verdicts: Iterable[Verdict]) -> RenderableType | None:
    """One entry per reason, with the requirements that are unknown for it; None if none is unknown."""
    listed = list(verdicts)
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    texts: dict[tuple[str, str], set[str]] = {}
    for finding in group(v for v in listed if v.outcome is Outcome.UNKNOWN):
        remedy = finding.verdict.remedy
        for subject in finding.subjects:
            reason = (subject, finding.verdict.because)
            reasons.setdefault(reason, {}).update(dict.fromkeys((finding.verdict.requirement, *finding.also)))
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
    head = Text(unknown_title(listed), style="bold yellow")
    return Group(head, Padding(grid, (0, 0, 1, 2)), *_more(tuple(reasons)))


def fine(verdicts: Iterable[Verdict]) -> RenderableType | None:
    """The ids of the met requirements, in one block."""
    listed = list(verdicts)
    ids = met(listed)
    if not ids:
        return None
    skipped = tally.tallies(listed)[Outcome.NOT_APPLICABLE].requirements
    tail = f"   (not applicable: {skipped})" if skipped else ""
    head = Text.assemble((fine_title(listed), "bold green"), (tail, "dim"))
    return Group(head, Padding(Text(" · ".join(ids), style="dim"), (0, 0, 0, 2)))


def met(verdicts: Iterable[Verdict]) -> list[str]:
    """The ids of the requirements whose findings are all met, marked where only an extra CA makes them so."""
    listed = list(verdicts)
    bad = {v.requirement for v in listed if v.outcome in (Outcome.VIOLATED, Outcome.UNKNOWN)}
    extra = {v.requirement for v in listed if v.rests_on_extra_authority}
    ids = dict.fromkeys(v.requirement for v in listed if v.outcome is Outcome.MET)
    return [f"{each}{WITH_EXTRA_CA if each in extra else ''}" for each in ids if each not in bad]


def wrong_title(verdicts: Iterable[Verdict]) -> str:
    return f"What is wrong: {tally.tallies(verdicts)[Outcome.VIOLATED]}"


def unknown_title(verdicts: Iterable[Verdict]) -> str:
    return f"Unknown: {tally.tallies(verdicts)[Outcome.UNKNOWN]}; unknown does not mean OK"


def fine_title(verdicts: Iterable[Verdict]) -> str:
    return f"Met: {tally.tallies(verdicts)[Outcome.MET]}"


def _block(number: int, finding: Finding) -> RenderableType:
    verdict = finding.verdict
    level, style = _LEVELS[verdict.level]
    head = Text.assemble((f"{number}. ", style), _title(finding), ("  " + level, style))
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, width=7)
    grid.add_column(overflow="fold")
    for label, text in _rows(finding):
        grid.add_row(Text(label, style="dim"), text)
    return Group(head, Padding(grid, (0, 0, 1, 3)))


def _title(finding: Finding) -> Text:
    shown = ", ".join(clean(subject, 64) for subject in finding.subjects[:8])
    rest = len(finding.subjects) - 8
    tail = f" and {rest} more" if rest > 0 else ""
    where = f" · {shown}{tail}" if shown.strip(", ") else ""
    return Text.assemble((finding.verdict.requirement, "bold"), where)


def _rows(finding: Finding) -> Iterable[tuple[str, Text]]:
    verdict = finding.verdict
    yield "because", Text(clean(verdict.because, _LIMIT))
    if finding.also:
        yield "so also", Text(", ".join(finding.also))
    for error in verdict.kms_errors:
        yield "KMS", _error(error)
    if verdict.remedy is not None:
        yield from _remedy(verdict.remedy)
    if verdict.source:
        yield "source", Text(clean(verdict.source, _LIMIT), style="dim")


def _error(error: KmsError) -> Text:
    sure = error.likelihood is Likelihood.EXPECTED
    return Text.assemble(
        (error.error, "bold"),
        (f" {error.likelihood.value}", "red" if sure else "yellow"),
        (f" from {CALLS[error.operation]} ({alternatives(error)})", "dim"),
    )


def _remedy(remedy: Remedy) -> Iterable[tuple[str, Text]]:
    yield "fix", Text(clean(remedy.text, _LIMIT), style="bold green")
    if remedy.console:
        yield "console", Text(clean(remedy.console, _LIMIT))
    if remedy.cli:
        yield "command", Text(clean(remedy.cli, _LIMIT), style="cyan")


def _more(found: Sequence[object]) -> tuple[Text, ...]:
    rest = len(found) - MAX_SHOWN
    return (Text(f"  and {rest} more; use --format json for all"),) if rest > 0 else ()
