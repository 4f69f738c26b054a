"""From evidence to a report: the stages, in the order in which they run. Pure; logs nothing."""

from collections.abc import Callable

from probe.model.evidence import Evidence
from probe.model.kinds import OF_STORE
from probe.model.verdicts import Outcome, Report, Scope, Verdict
from probe.requirements import of_scopes
from probe.requirements.evidence.authorities import kms_authorities
from probe.verdicts import agreement, entry_points, observed, public_endpoint
from probe.verdicts.evaluate import evaluate
from probe.verdicts.predict import predict
from probe.wire.chain import subject_text

Correction = Callable[[tuple[Verdict, ...], Evidence], tuple[Verdict, ...]]
# What spans requirements. Between `evaluate` and `predict`.
CORRECTIONS: tuple[Correction, ...] = (entry_points.apply, observed.apply, public_endpoint.apply)


def judge(evidence: Evidence, *, single_server: bool = False) -> Report:
    """Every requirement of what was looked at (``evidence.scopes``), for every subject in ``evidence``.

    ``single_server``: what does not apply to one server is left out, and nothing is predicted. Where nothing
    belongs to a key store (only Regions or resolvers are watched) the report is empty.
    """
    rules = of_scopes(evidence.scopes) if _is_about_a_store(evidence) else ()
    verdicts = evaluate(rules, evidence)
    if single_server:
        verdicts = tuple(each for each in verdicts if each.outcome is not Outcome.NOT_APPLICABLE)
    for correct in CORRECTIONS:
        verdicts = correct(verdicts, evidence)
    predictions = predict(verdicts, rules, evidence) if rules and not single_server else ()
    return Report(
        taken_at_s=evidence.taken_at_s,
        key_store=evidence.spec.id if evidence.spec else "",
        verdicts=verdicts,
        predictions=predictions,
        actual=agreement.compare(predictions, evidence),
        extra_authorities=tuple(subject_text(der) for der in evidence.extra_authorities),
        authorities_as_of=kms_authorities().as_of,
    )


def _is_about_a_store(evidence: Evidence) -> bool:
    """Its account was looked at, or it has a target."""
    has_target = any(target.role in OF_STORE for target in evidence.targets)
    return has_target or Scope.ACCOUNT in evidence.scopes
