"""Makes a report from evidence by running the stages in order. Pure; logs nothing."""

from collections.abc import Callable

from probe.model.evidence import Evidence
from probe.model.kinds import OF_STORE
from probe.model.verdicts import Outcome, Report, Scope, Verdict
from probe.requirements import of_scopes
from probe.requirements.evidence.authorities import kms_authorities
from probe.verdicts import (
    agreement,
    credential_path,
    entry_points,
    observed,
    public_endpoint,
    same_cause,
    seen_by_kms,
    several_load_balancers,
)
from probe.verdicts.evaluate import evaluate
from probe.verdicts.judged_paths import certificates_of_paths
from probe.verdicts.predict import predict
from probe.wire.chain import subject_text

Correction = Callable[[tuple[Verdict, ...], Evidence], tuple[Verdict, ...]]
# Rules about several requirements. They run between `evaluate` and `predict`.
CORRECTIONS: tuple[Correction, ...] = (
    seen_by_kms.apply,
    entry_points.apply,
    observed.apply,
    public_endpoint.apply,
    several_load_balancers.apply,
    same_cause.apply,
)


def judge(evidence: Evidence, *, single_server: bool = False) -> Report:
    """The report on all requirements in ``evidence.scopes``, for every subject in ``evidence``.

    With ``single_server``, verdicts that do not apply are left out, and nothing is predicted. If no target
    belongs to a key store (only Regions or resolvers are probed), the report is empty.
    """
    rules = of_scopes(evidence.scopes) if _is_about_a_store(evidence) else ()
    verdicts = evaluate(rules, evidence)
    if single_server:
        verdicts = tuple(each for each in verdicts if each.outcome is not Outcome.NOT_APPLICABLE)
    for correct in CORRECTIONS:
        verdicts = correct(verdicts, evidence)
    used_path = evidence.spec.uri_path if evidence.spec else None
    predictions = predict(verdicts, rules, evidence) if rules and not single_server else ()
    return Report(
        taken_at_s=evidence.taken_at_s,
        key_store=evidence.spec.id if evidence.spec else "",
        verdicts=verdicts,
        predictions=predictions,
        actual=agreement.compare(predictions, evidence),
        extra_authorities=tuple(subject_text(der) for der in evidence.extra_authorities),
        authorities_as_of=kms_authorities().as_of,
        authorities_proposed=kms_authorities().proposed,
        is_simulation=evidence.is_simulation,
        path_certificates=certificates_of_paths(evidence),
        aws_metrics=evidence.account.metrics if evidence.account else None,
        notes=credential_path.notes(evidence.credential, used_path),
    )


def _is_about_a_store(evidence: Evidence) -> bool:
    """Whether the account is in the scopes, or a target belongs to a key store."""
    has_target = any(target.role in OF_STORE for target in evidence.targets)
    return has_target or Scope.ACCOUNT in evidence.scopes
