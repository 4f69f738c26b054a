"""The first stage: every requirement is asked what it finds, and each finding becomes a verdict."""

from collections.abc import Iterable
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.verdicts import Level, Outcome, Verdict
from probe.requirements import Finding, Rule
from probe.requirements.evidence.account import unseen_nodes
from probe.verdicts.remedy import filled


def evaluate(rules: Iterable[Rule], evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts of ``rules``, in their order; none is silenced by another that is broken."""
    return tuple(_verdict(rule, finding) for rule in rules for finding in _findings(rule, evidence))


def _findings(rule: Rule, evidence: Evidence) -> tuple[Finding, ...]:
    """What the requirement finds; that it does not apply it says by itself.

    A required one that finds nothing to look at is *unknown*: KMS will look, and silence would read as
    "fine". A risk or advice that finds nothing to look at yields nothing: what is not there can't be at
    fault. A broken one is *unknown*, whatever its level and whatever it said before.
    """
    subject = (evidence.spec.id if evidence.spec else "") or "key store"
    try:
        found = tuple(rule.judge(evidence))
    except Exception as bug:  # noqa: BLE001 -- one broken requirement must not silence the others
        bug_name = type(bug).__name__
        return (Finding(outcome=Outcome.UNKNOWN, because=f"our bug: {bug_name}: {bug}", subject=subject),)
    if found or rule.published.level is not Level.REQUIRED:
        return found
    nothing = Finding(outcome=Outcome.UNKNOWN, because="nothing is configured to be probed")
    return (replace(unseen_nodes(evidence) or nothing, subject=subject),)


def _verdict(rule: Rule, finding: Finding) -> Verdict:
    published = rule.published
    is_violated = finding.outcome is Outcome.VIOLATED
    errors = published.errors if is_violated and finding.kms_errors is None else finding.kms_errors
    remedy = finding.remedy or rule.remedy
    return Verdict(
        requirement=published.id,
        level=published.level,
        step=published.step,
        subject=finding.subject,
        outcome=finding.outcome,
        because=finding.because,
        kms_errors=errors or (),
        remedy=filled(remedy, finding.values) if is_violated or finding.remedy else None,
        source=published.source,
        traits=published.traits,
    )
