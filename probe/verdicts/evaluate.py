"""The first stage: runs every requirement, and makes a verdict from each finding."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.verdicts import Level, Likelihood, Outcome, Verdict
from probe.requirements import Finding, Rule
from probe.requirements.evidence.account import undiscovered_nodes
from probe.verdicts.remedy import filled


def evaluate(rules: Iterable[Rule], evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts of ``rules``, in their order. A rule that raises does not affect the others."""
    return tuple(_verdict(rule, finding) for rule in rules for finding in _findings(rule, evidence))


def _findings(rule: Rule, evidence: Evidence) -> tuple[Finding, ...]:
    """The findings of the requirement.

    A required requirement without findings is *unknown*: KMS will check it, and no finding would read as OK.
    A risk or advice without findings has none, because there is nothing to judge. A requirement that raises
    is *unknown*, whatever its level, and its earlier findings are dropped.
    """
    subject = (evidence.spec.id if evidence.spec else "") or "key store"
    try:
        found = tuple(rule.judge(evidence))
    except Exception as bug:  # noqa: BLE001 -- one broken requirement must not stop the others
        bug_name = type(bug).__name__
        return (
            Finding(outcome=Outcome.UNKNOWN, because=f"bug in xks-probe: {bug_name}: {bug}", subject=subject),
        )
    if found or rule.published.level is not Level.REQUIRED:
        return found
    nothing = Finding(outcome=Outcome.UNKNOWN, because="no target is configured")
    return (replace(undiscovered_nodes(evidence) or nothing, subject=subject),)


def _verdict(rule: Rule, finding: Finding) -> Verdict:
    published = rule.published
    is_violated = finding.outcome is Outcome.VIOLATED
    errors = published.errors if is_violated and finding.kms_errors is None else finding.kms_errors
    remedy = finding.remedy or rule.remedy
    return Verdict(
        requirement=published.id,
        level=finding.level or published.level,
        step=finding.step or published.step,
        subject=finding.subject,
        outcome=finding.outcome,
        because=finding.because,
        kms_errors=errors or (),
        remedy=filled(remedy, finding.values) if is_violated or finding.remedy else None,
        source=published.source,
        traits=published.traits,
        told_by=finding.told_by,
        rests_on_extra_authority=finding.rests_on_extra_authority,
        may_pass=all(error.likelihood is Likelihood.POSSIBLE for error in errors or ()) and bool(errors),
    )
