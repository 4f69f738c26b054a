"""How likely an error is when one address is at fault and another is not."""

from collections.abc import Mapping
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.kinds import ON_PATH
from probe.model.verdicts import KmsError, KmsStep, Level, Likelihood, Operation, Outcome, Trait, Verdict
from probe.requirements.accepting_tcp import acceptances
from probe.requirements.evidence.targets import entries, is_checked, of_role, tls_targets

_Named = tuple[Operation, str]
_Names = tuple[str, ...]
# What KMS meets only at an address that has accepted its connection.
_BEHIND_THE_PORT = frozenset({KmsStep.TLS, KmsStep.HEALTH})


def apply(verdicts: tuple[Verdict, ...], evidence: Evidence) -> tuple[Verdict, ...]:
    """The verdicts, with errors of TLS and health only *possible* unless KMS meets them wherever it comes in.

    KMS comes in through any node that accepts connections. An error is expected if each of these has a
    required requirement violated that leads to this error, not necessarily the same one at each; or to
    another one, which then is among its alternatives: one of them it will be. A node that
    accepts nothing does not count: no handshake is met there. What is no address (the key store) is not one
    of several. Of several load balancers one that is as it should be is a way in, too.
    """
    everywhere = _met_everywhere(verdicts, evidence)
    addresses = frozenset(target.name for target in evidence.targets)
    others = _with_another_balancer(verdicts)

    def weighed(verdict: Verdict) -> Verdict:
        if _is_at_fault(verdict) and verdict.subject in addresses:
            return _weighed(verdict, everywhere)
        return _weighed(verdict, {}) if verdict.requirement in others else verdict

    return tuple(map(weighed, verdicts))


def _with_another_balancer(verdicts: tuple[Verdict, ...]) -> frozenset[str]:
    """The requirements of load balancers that another one of the service meets: KMS may come through that."""
    return frozenset(
        verdict.requirement
        for verdict in verdicts
        if Trait.ONE_SUFFICES in verdict.traits and verdict.outcome is Outcome.MET
    )


def _met_everywhere(verdicts: tuple[Verdict, ...], evidence: Evidence) -> Mapping[_Named, _Names]:
    """The errors of which KMS is certain to meet one, each with the names that it may have instead.

    That is an error that every way in has; where every way in has a fault, but not the same one, the first of
    each: which of them KMS meets depends on where it comes in.
    """
    judged = {verdict.subject for verdict in verdicts if verdict.step in _BEHIND_THE_PORT}
    looked_at = {target.name for target, measured in tls_targets(evidence) if measured or is_checked(target)}
    known = tuple(target for target in entries(evidence) if target.name in judged & looked_at)
    known = known or tuple(target for target in of_role(evidence, *ON_PATH) if target.name in judged)
    open_names = [target.name for target, each in acceptances(evidence, known) if each.accepts is not False]
    by_subject = _errors_by_subject(verdicts)
    found: dict[_Named, _Names] = {}
    for operation in Operation:
        ways = [[n for op, n in by_subject.get(name, ()) if op is operation] for name in open_names]
        if ways and all(ways):
            common = [name for name in ways[0] if all(name in way for way in ways)]
            firsts = tuple(dict.fromkeys(way[0] for way in ways))
            for name in common or firsts:
                instead = () if common else tuple(other for other in firsts if other != name)
                found[operation, name] = instead
    return found


def _errors_by_subject(verdicts: tuple[Verdict, ...]) -> Mapping[str, list[_Named]]:
    """In the catalogue's order, which is that in which KMS comes to them."""
    errors: dict[str, list[_Named]] = {}
    for verdict in filter(_is_at_fault, verdicts):
        errors.setdefault(verdict.subject, []).extend(_named(error) for error in verdict.kms_errors)
    return errors


def _is_at_fault(verdict: Verdict) -> bool:
    return (
        verdict.step in _BEHIND_THE_PORT
        and verdict.level is Level.REQUIRED
        and verdict.outcome is Outcome.VIOLATED
    )


def _weighed(verdict: Verdict, everywhere: Mapping[_Named, _Names]) -> Verdict:
    def weighed(error: KmsError) -> KmsError:
        instead = everywhere.get(_named(error))
        if instead is None:
            return replace(error, likelihood=Likelihood.POSSIBLE)
        return replace(error, alternatives=tuple(dict.fromkeys((*error.alternatives, *instead))))

    return replace(verdict, kms_errors=tuple(map(weighed, verdict.kms_errors)))


def _named(error: KmsError) -> _Named:
    return error.operation, error.error
