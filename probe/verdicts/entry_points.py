"""How likely an error is if some entry points have a fault and others do not."""

from collections.abc import Mapping
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.kinds import ON_PATH
from probe.model.verdicts import KmsError, KmsStep, Level, Likelihood, Operation, Outcome, Trait, Verdict
from probe.requirements.accepting_tcp import acceptances
from probe.requirements.evidence.targets import entry_points, is_checked, of_role, tls_targets

_Named = tuple[Operation, str]
_Names = tuple[str, ...]
# Steps that KMS reaches only at an address that has accepted its connection.
_AFTER_CONNECT = frozenset({KmsStep.TLS, KmsStep.HEALTH})


def apply(verdicts: tuple[Verdict, ...], evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts; an error of TLS or health becomes only *possible* if KMS can connect without it.

    KMS may connect through any node that accepts connections. An error stays *expected* if every such node
    violates a required requirement that leads to it (not necessarily the same requirement). It also does if
    every such node has some error, but they differ: KMS returns one of them, so each lists the others as
    alternatives. A node that accepts no connection does not count, because KMS never gets to TLS there. A
    finding about the key store as a whole is not about one of several addresses, and stays as it is. If there
    are several load balancers, one without a fault of its own is an entry point as well.
    """
    certain = _certain_errors(verdicts, evidence)
    addresses = frozenset(target.name for target in evidence.targets)
    others = _faults_of_some_balancers(verdicts)

    def corrected(verdict: Verdict) -> Verdict:
        if _is_at_fault(verdict) and verdict.subject in addresses:
            return _with_likelihoods(verdict, certain)
        return _with_likelihoods(verdict, {}) if verdict.requirement in others else verdict

    return tuple(map(corrected, verdicts))


def _faults_of_some_balancers(verdicts: tuple[Verdict, ...]) -> frozenset[str]:
    """The requirements per load balancer, if at least one of these has no fault: KMS may connect through it.

    If each has a fault, though not the same one, KMS certainly fails.
    """
    per_balancer = tuple(verdict for verdict in verdicts if Trait.ONE_SUFFICES in verdict.traits)
    faulty = {verdict.subject for verdict in per_balancer if verdict.outcome is Outcome.VIOLATED}
    if all(verdict.subject in faulty for verdict in per_balancer):
        return frozenset()
    return frozenset(verdict.requirement for verdict in per_balancer)


def _certain_errors(verdicts: tuple[Verdict, ...], evidence: Evidence) -> Mapping[_Named, _Names]:
    """The errors of which KMS certainly returns one, each with its alternatives.

    These are the errors that all entry points have in common. If every entry point has an error, but none in
    common, they are the first errors of each: which one KMS returns depends on the entry point it uses.
    """
    judged = {verdict.subject for verdict in verdicts if verdict.step in _AFTER_CONNECT}
    checked = {target.name for target, measured in tls_targets(evidence) if measured or is_checked(target)}
    known = tuple(target for target in entry_points(evidence) if target.name in judged & checked)
    known = known or tuple(target for target in of_role(evidence, *ON_PATH) if target.name in judged)
    open_names = [target.name for target, each in acceptances(evidence, known) if each.accepts is not False]
    by_subject = _errors_by_subject(verdicts)
    found: dict[_Named, _Names] = {}
    for operation in Operation:
        errors = [[n for op, n in by_subject.get(name, ()) if op is operation] for name in open_names]
        if errors and all(errors):
            common = [name for name in errors[0] if all(name in names for names in errors)]
            firsts = tuple(dict.fromkeys(names[0] for names in errors))
            for name in common or firsts:
                alternatives = () if common else tuple(other for other in firsts if other != name)
                found[operation, name] = alternatives
    return found


def _errors_by_subject(verdicts: tuple[Verdict, ...]) -> Mapping[str, list[_Named]]:
    """The errors of each address, in the order of the catalogue, which is the order of KMS's checks."""
    errors: dict[str, list[_Named]] = {}
    for verdict in filter(_is_at_fault, verdicts):
        errors.setdefault(verdict.subject, []).extend(_named(error) for error in verdict.kms_errors)
    return errors


def _is_at_fault(verdict: Verdict) -> bool:
    return (
        verdict.step in _AFTER_CONNECT
        and verdict.level is Level.REQUIRED
        and verdict.outcome is Outcome.VIOLATED
        and not verdict.may_pass
    )


def _with_likelihoods(verdict: Verdict, certain: Mapping[_Named, _Names]) -> Verdict:
    def corrected(error: KmsError) -> KmsError:
        alternatives = certain.get(_named(error))
        if alternatives is None:
            return replace(error, likelihood=Likelihood.POSSIBLE)
        return replace(error, alternatives=tuple(dict.fromkeys((*error.alternatives, *alternatives))))

    return replace(verdict, kms_errors=tuple(map(corrected, verdict.kms_errors)))


def _named(error: KmsError) -> _Named:
    return error.operation, error.error
