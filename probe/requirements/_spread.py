"""How likely an error is when one address is at fault and another is not."""

from collections.abc import Mapping
from dataclasses import replace

from probe.model.verdicts import (
    Evidence,
    KmsError,
    Level,
    Likelihood,
    Operation,
    Outcome,
    Position,
    Verdict,
)
from probe.requirements._subjects import PATH_ROLES, entries, is_checked, of_role, tls_targets
from probe.requirements.accepting_tcp import acceptances

_Named = tuple[Operation, str]


def spread(verdicts: tuple[Verdict, ...], evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts, with errors of TLS and health only *possible* unless KMS meets them wherever it comes in.

    KMS comes in through any node that accepts connections. An error is expected if each of these has a
    required requirement violated that leads to this error, not necessarily the same one at each. A node that
    accepts nothing does not count: no handshake is met there.
    """
    everywhere = _met_everywhere(verdicts, evidence)
    return tuple(_weakened(verdict, everywhere) if _is_at_fault(verdict) else verdict for verdict in verdicts)


def _met_everywhere(verdicts: tuple[Verdict, ...], evidence: Evidence) -> frozenset[_Named]:
    """The errors that every way in has."""
    judged = {verdict.subject for verdict in verdicts if verdict.position is Position.TLS}
    looked_at = {target.name for target, measured in tls_targets(evidence) if measured or is_checked(target)}
    known = tuple(target for target in entries(evidence) if target.name in judged & looked_at)
    known = known or tuple(target for target in of_role(evidence, *PATH_ROLES) if target.name in judged)
    open_names = [target.name for target, each in acceptances(evidence, known) if each.accepts is not False]
    by_subject = _errors_by_subject(verdicts)
    named = [by_subject.get(name, frozenset()) for name in open_names]
    return frozenset.intersection(*named) if named else frozenset()


def _errors_by_subject(verdicts: tuple[Verdict, ...]) -> Mapping[str, frozenset[_Named]]:
    errors: dict[str, frozenset[_Named]] = {}
    for verdict in filter(_is_at_fault, verdicts):
        found = frozenset(_named(error) for error in verdict.kms_errors)
        errors[verdict.subject] = errors.get(verdict.subject, frozenset()) | found
    return errors


def _is_at_fault(verdict: Verdict) -> bool:
    return (
        verdict.position in (Position.TLS, Position.HEALTH)
        and verdict.level is Level.REQUIRED
        and verdict.outcome is Outcome.VIOLATED
    )


def _weakened(verdict: Verdict, everywhere: frozenset[_Named]) -> Verdict:
    errors = tuple(
        error if _named(error) in everywhere else replace(error, likelihood=Likelihood.POSSIBLE)
        for error in verdict.kms_errors
    )
    return replace(verdict, kms_errors=errors)


def _named(error: KmsError) -> _Named:
    return error.operation, error.error
