"""Verdicts for people: what is wrong and how to fix it, what is unknown, and a list of what is met."""

from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exporters import tally
from exporters.predictions import CALLS, alternatives
from exporters.report.grouping import Cause, Finding, Reason, causes, group
from probe.model.text import clean
from probe.model.verdicts import KmsError, Level, Likelihood, Outcome, Remedy, Verdict

MAX_SHOWN = 40
WITH_EXTRA_CA = " (only with an extra CA)"
INFERRED = " (inferred: KMS was seen to accept the certificate)"
_LIMIT = 1024
_MAX_SUBJECTS = 8
_INDENT, _LABEL = 3, len("command")
_UNBROKEN = frozenset({"command", "source"})
_LEVELS = {
    Level.REQUIRED: ("required", "bold red"),
    Level.RISK: ("risk", "yellow"),
    Level.ADVICE: ("advice", "cyan"),
}


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
    """One entry per cause, with its targets and requirements; None if nothing is unknown."""
    listed = list(verdicts)
    found = causes(v for v in listed if v.outcome is Outcome.UNKNOWN)
    if not found:
        return None
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, width=1)
    grid.add_column(overflow="fold")
    for cause in found[:MAX_SHOWN]:
        for sign, text in _cause(cause):
            grid.add_row(sign, text)
    head = Text(unknown_title(listed), style="bold yellow")
    return Group(head, Padding(grid, (0, 0, 1, 2)), *_more(found))


def _cause(cause: Cause) -> Iterable[tuple[Text, Text]]:
    where = named(cause.subjects)
    yield Text("?", style="yellow"), Text(f"{where}: " * bool(where) + clean(cause.because, _LIMIT))
    yield Text(), Text(", ".join(cause.requirements), style="dim")
    for fix in cause.fixes:
        yield Text(), Text(clean(fix, _LIMIT), style="green")


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
    """The ids of the requirements whose findings are all met, marked where that rests on something else."""
    listed = list(verdicts)
    bad = {v.requirement for v in listed if v.outcome in (Outcome.VIOLATED, Outcome.UNKNOWN)}
    extra = {v.requirement for v in listed if v.rests_on_extra_authority}
    marks = dict.fromkeys((v.requirement for v in listed if v.is_inferred), INFERRED)
    marks |= dict.fromkeys(extra, WITH_EXTRA_CA)
    ids = dict.fromkeys(v.requirement for v in listed if v.outcome is Outcome.MET)
    return [f"{each}{marks.get(each, '')}" for each in ids if each not in bad]


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
    rows = [_row(label, text) for label, text in _rows(finding)]
    return Group(head, *rows, Text())


def _row(label: str, text: Text) -> RenderableType:
    """A row of a finding. A command or an address is one line, however long: it is there to be copied."""
    if label in _UNBROKEN:
        line = Text.assemble(" " * _INDENT, (label.ljust(_LABEL), "dim"), " ", text)
        line.no_wrap, line.overflow = True, "ignore"
        return line
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True, width=_LABEL)
    grid.add_column(overflow="fold")
    grid.add_row(Text(label, style="dim"), text)
    return Padding(grid, (0, 0, 0, _INDENT))


def _title(finding: Finding) -> Text:
    where = named(finding.subjects)
    return Text.assemble((finding.verdict.requirement, "bold"), f" · {where}" if where else "")


def named(subjects: Sequence[str]) -> str:
    """The names, of which at most eight are listed."""
    shown = ", ".join(clean(subject, 64) for subject in subjects[:_MAX_SUBJECTS] if subject)
    rest = len(subjects) - _MAX_SUBJECTS
    return f"{shown} and {rest} more" if rest > 0 else shown


def because(finding: Finding) -> Iterable[str]:
    """A line per reason; with several, each names its subjects."""
    for reason in finding.reasons[:_MAX_SUBJECTS]:
        yield _of_several(reason) if len(finding.reasons) > 1 else clean(reason.because, _LIMIT)


def _of_several(reason: Reason) -> str:
    return f"{named(reason.subjects)}: {clean(reason.because, _LIMIT)}"


def _rows(finding: Finding) -> Iterable[tuple[str, Text]]:
    verdict = finding.verdict
    for line in because(finding):
        yield "because", Text(line)
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
