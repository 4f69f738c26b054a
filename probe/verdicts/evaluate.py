"""From evidence to verdicts, and from verdicts to what KMS would say. Pure; logs nothing."""

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from probe.model.evidence import Evidence
from probe.model.targets import Role
from probe.model.verdicts import (
    Basis,
    KmsError,
    Level,
    Likelihood,
    Operation,
    Outcome,
    Position,
    PredictedError,
    Prediction,
    Remedy,
    Report,
    Verdict,
)
from probe.requirements import CATALOGUE, WATCHED, Declared, Finding
from probe.requirements.evidence.account import unseen_nodes
from probe.requirements.evidence.authorities import kms_authorities
from probe.verdicts.agreement import actual
from probe.verdicts.entry_points import spread
from probe.verdicts.observed import seen
from probe.verdicts.public_endpoint import as_public, is_public, operations_of
from probe.wire.chain import subject_text

# The order in which each operation comes to a fault; steps of one rank have none among them. Connect's is
# documented from the service to health, the others are inferred (docs/requirements.md).
_CONNECT = {position: rank for rank, position in enumerate(Position)}
_UNORDERED_AT_CREATE = (Position.DOMAIN, Position.CONFIGURATION, Position.NAME)
_CREATE = _CONNECT | dict.fromkeys(_UNORDERED_AT_CREATE, _CONNECT[Position.DOMAIN])
_RANKS = {
    Operation.CREATE: _CREATE,
    Operation.UPDATE: _CREATE,
    Operation.CONNECT: _CONNECT,
    Operation.CREATE_KEY: _CONNECT,
}
_OF_ONE_CONNECTION = frozenset({Position.NETWORK, Position.TLS, Position.HEALTH})
_BEYOND = len(Position)
# REGION, SERVICE-ID: a word of a remedy's command line for which a finding has the value.
_PLACEHOLDER = re.compile(r"(?<![\w-])(?!TCP\b|TXT\b|ECDHE-)[A-Z]{3,}(?:-[A-Z0-9]+)*(?![\w-])")
_BASES = tuple(Basis)  # the firmest first
# Violated by an address that accepts no connection: KMS meets nothing of its TLS.
_SHUT = frozenset({"some-node-accepts-tcp-443", "every-node-accepts-tcp-443", "every-target-accepts-tcp-443"})
_JUDGED_ROLES = frozenset({Role.PROXY, Role.NODE, Role.BACKEND, Role.KEY_MANAGER})


def judge(
    evidence: Evidence,
    key_store: str = "",
    catalogue: tuple[Declared, ...] | None = None,
    *,
    single_server: bool = False,
) -> Report:
    """Every requirement of ``catalogue`` for every subject in ``evidence``.

    Without a ``catalogue`` it is the whole one for a preflight, else what the running agent watches.
    ``single_server`` judges one server's TLS alone and predicts nothing: whether certificates are the same
    everywhere is then said only if there are several addresses. Where no target belongs to a key store (only
    Regions or resolvers are watched) there is nothing to judge, and the report is empty.
    """
    everything = catalogue or (CATALOGUE if evidence.spec else WATCHED)
    chosen = tuple(each for each in everything if not single_server or each.position is Position.TLS)
    concerned = evidence.spec is not None or any(t.role in _JUDGED_ROLES for t in evidence.targets)
    found = tuple(_verdicts(chosen, evidence, key_store, single_server=single_server)) if concerned else ()
    verdicts = as_public(seen(spread(found, evidence), evidence), evidence)
    public = is_public(evidence)
    predictions = predict(verdicts, chosen, public=public) if concerned and not single_server else ()
    return Report(
        taken_at_s=evidence.taken_at_s,
        key_store=key_store,
        verdicts=verdicts,
        predictions=predictions,
        actual=actual(evidence, predictions),
        extra_authorities=tuple(subject_text(der) for der in evidence.extra_authorities),
        authorities_as_of=kms_authorities().as_of,
    )


def predict(
    verdicts: tuple[Verdict, ...], catalogue: tuple[Declared, ...] = WATCHED, *, public: bool = False
) -> tuple[Prediction, ...]:
    """What each of the four operations would say.

    Errors of one name are one, with the strongest likelihood. An error that is expected masks those of later
    positions, since KMS does not come that far. An operation is decided when nothing that is still unknown
    could change what it says: an unknown behind an expected error could not, nor could one at an address that
    is known to fail. At the same position it depends: KMS checks several things of what is configured, in no
    known order, and may name any of them; but it has one connection, and what that met is what it says.
    An operation about which no requirement of ``catalogue`` says anything is never decided. ``public``: the
    store has public endpoint connectivity, so that create speaks with the proxy.
    """
    return tuple(_prediction(operation, verdicts, catalogue, public=public) for operation in Operation)


def _verdicts(
    catalogue: tuple[Declared, ...], evidence: Evidence, key_store: str, *, single_server: bool
) -> Iterator[Verdict]:
    for declared in catalogue:
        for finding in _findings(declared, evidence, key_store):
            if not (single_server and finding.outcome is Outcome.NOT_APPLICABLE):
                yield _verdict(declared, finding)


def _findings(declared: Declared, evidence: Evidence, key_store: str) -> tuple[Finding, ...]:
    """What the requirement found; *unknown* if it looked at nothing or if it is broken."""
    subject = key_store or "key store"
    try:
        found = tuple(declared.judge(evidence))
    except Exception as bug:  # noqa: BLE001 -- one broken requirement must not silence the others
        bug_name = type(bug).__name__
        return (Finding(outcome=Outcome.UNKNOWN, because=f"our bug: {bug_name}: {bug}", subject=subject),)
    if found or declared.published.level is not Level.REQUIRED:
        return found
    nothing = Finding(outcome=Outcome.UNKNOWN, because="nothing is configured to be probed")
    return (replace(unseen_nodes(evidence) or nothing, subject=subject),)


def _verdict(declared: Declared, finding: Finding) -> Verdict:
    published = declared.published
    is_violated = finding.outcome is Outcome.VIOLATED
    errors = published.errors if is_violated and finding.kms_errors is None else finding.kms_errors
    remedy = finding.remedy or declared.remedy
    return Verdict(
        requirement=published.id,
        level=published.level,
        position=declared.position,
        subject=finding.subject,
        outcome=finding.outcome,
        because=finding.because,
        kms_errors=errors or (),
        remedy=filled(remedy, finding.values) if is_violated or finding.remedy else None,
        source=published.source,
    )


def filled(remedy: Remedy, values: Mapping[str, str]) -> Remedy:
    """``remedy`` with ``values`` for the words in capitals. In the command line they are quoted for a shell.

    A command line of which a word is not known (no key store exists yet) can't be run, and is left out.

    >>> filled(Remedy(text="See SERVICE-ID.", cli="aws ec2 x --id SERVICE-ID"), {"SERVICE-ID": "a; b"}).cli
    "aws ec2 x --id 'a; b'"
    """
    words = re.compile("|".join(rf"(?<![\w-]){re.escape(word)}(?![\w-])" for word in values) or "(?!)")
    runnable = all(word in values for word in _PLACEHOLDER.findall(remedy.cli))
    return Remedy(
        text=words.sub(lambda found: values[found[0]], remedy.text),
        console=words.sub(lambda found: values[found[0]], remedy.console),
        cli=words.sub(lambda found: shlex.quote(values[found[0]]), remedy.cli) if runnable else "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fault:
    """One error of one verdict."""

    verdict: Verdict
    error: KmsError

    @property
    def place(self) -> int:
        return _RANKS[self.error.operation][self.verdict.position]

    @property
    def masks(self) -> bool:
        return self.error.likelihood is Likelihood.EXPECTED and self.verdict.level is Level.REQUIRED


def _prediction(
    operation: Operation, verdicts: tuple[Verdict, ...], catalogue: tuple[Declared, ...], *, public: bool
) -> Prediction:
    faults = sorted(
        (_Fault(verdict=v, error=e) for v in verdicts for e in v.kms_errors if e.operation is operation),
        key=lambda fault: fault.place,
    )
    first = next((fault for fault in faults if fault.masks), None)
    names = dict.fromkeys(fault.error.error for fault in faults)
    relevant = frozenset(
        each.id
        for each in catalogue
        if each.published.level is Level.REQUIRED and operation in operations_of(each, public=public)
    )
    return Prediction(
        operation=operation,
        decided=_is_decided(operation, verdicts, relevant, first),
        errors=tuple(_merged([f for f in faults if f.error.error == name], first) for name in names),
    )


def _merged(faults: list[_Fault], first: _Fault | None) -> PredictedError:
    """One error of several verdicts; masked only if each of them is."""
    unmasked = [fault for fault in faults if first is None or fault.place <= first.place]
    counted = unmasked or faults
    likely = [fault for fault in counted if fault.error.likelihood is Likelihood.EXPECTED] or counted
    return PredictedError(
        error=faults[0].error.error,
        likelihood=likely[0].error.likelihood,
        basis=min((fault.error.basis for fault in likely), key=_BASES.index),
        alternatives=_once(name for fault in counted for name in fault.error.alternatives),
        requirements=_once(fault.verdict.requirement for fault in faults),
        masked_by=None if unmasked or first is None else first.verdict.requirement,
    )


def _is_decided(
    operation: Operation, verdicts: tuple[Verdict, ...], relevant: frozenset[str], first: _Fault | None
) -> bool:
    ranks = _RANKS[operation]
    failing = _first_failing_places(operation, verdicts)

    def matters(unknown: Verdict) -> bool:
        place = ranks[unknown.position]
        known_to_fail = failing.get(unknown.subject, _BEYOND)
        if first is not None:
            beside = place == first.place and unknown.position not in _OF_ONE_CONNECTION
            return (place < first.place or beside) and place < known_to_fail
        return place < known_to_fail

    return bool(relevant) and not any(
        verdict.outcome is Outcome.UNKNOWN and verdict.requirement in relevant and matters(verdict)
        for verdict in verdicts
    )


def _first_failing_places(operation: Operation, verdicts: tuple[Verdict, ...]) -> dict[str, int]:
    """For each address the earliest position at which KMS, if it comes there, is certain to fail."""
    places: dict[str, int] = {}
    for verdict in verdicts:
        certain = verdict.level is Level.REQUIRED or verdict.requirement in _SHUT
        concerned = any(error.operation is operation for error in verdict.kms_errors)
        if certain and concerned and verdict.position in _OF_ONE_CONNECTION:
            place = _RANKS[operation][verdict.position]
            places[verdict.subject] = min(place, places.get(verdict.subject, place))
    return places


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
