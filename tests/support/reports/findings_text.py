"""Compares the text of findings with golden files, so that a review shows each change that users will read."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from support.reports import golden_files

from probe.model.evidence import Evidence
from probe.model.verdicts import Outcome
from probe.requirements import CATALOGUE, Finding, Rule
from probe.verdicts.remedy import filled

FOLDER = Path(__file__).parents[2] / "golden" / "findings"
BY_ID = {rule.id: rule for rule in CATALOGUE}


def check(name: str, cases: Sequence[tuple[str, Outcome, Evidence]]) -> None:
    """``cases`` in the format of the tests of requirements: a requirement's id, an outcome, the evidence."""
    lines: list[str] = []
    for id_ in dict.fromkeys(case[0] for case in cases):
        rule = BY_ID[id_]
        found = (finding for case in cases if case[0] == id_ for finding in rule.judge(case[2]))
        lines += [f"# {id_}", *dict.fromkeys("\n".join(_lines(rule, each)) for each in found), ""]
    golden_files.check(FOLDER / f"{name}.txt", "\n".join(lines))


def _lines(rule: Rule, finding: Finding) -> Iterator[str]:
    """The finding, its KMS errors if they differ from the declared ones, and its remedy if there is one."""
    yield f"{finding.outcome} {finding.subject}: {finding.because}"
    if finding.kms_errors is not None:
        yield from sorted(
            f"  {each.operation}: {each.error} {each.likelihood}, {each.basis}" for each in finding.kms_errors
        ) or ["  no error"]
    if finding.remedy or finding.outcome is Outcome.VIOLATED:
        remedy = filled(finding.remedy or rule.remedy, finding.values)
        yield from (f"  {part}" for part in (remedy.text, remedy.console, remedy.cli) if part)
