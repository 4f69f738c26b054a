"""How the proxy takes other requests: a large one, one without a signature, a GET, one about a key."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.measurements import HEALTH_PURPOSE
from probe.model.targets import Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import subject_of
from probe.requirements.evidence.health import OK, Seen, aged, each_target, seen_of
from probe.requirements.kms_errors import health as health_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

_NOT_FOUND = 404
_METHOD_NOT_ALLOWED = 405
_REFUSALS = frozenset({"AuthenticationFailedException", "AccessDeniedException"})
_REFUSING = frozenset({401, 403})
_TOO_LARGE, _MIN_ERROR = 413, 400
_ADMIT_LARGE_BODIES = Remedy(
    text="Raise the limit of request bodies at the proxy and at what stands before it to 64 KiB at least."
)
_NOT_OF_THE_KEY = Remedy(
    text="Mend what the proxy says to GetHealthStatus first; if that is fine, see its log for GetKeyMetadata."
)
_WANTED_USAGE = {"ENCRYPT", "DECRYPT"}


def _each_answer(
    evidence: Evidence, purpose: str, unsent: str, judge: Callable[[Seen], Finding]
) -> Iterator[Finding]:
    """One finding a target: ``judge``'s, where a request of this purpose was answered."""

    def look(target: Target) -> Finding:
        seen = _last(evidence, target, purpose)
        if seen is None:
            return unknown(unsent)
        finding = judge(seen) if seen.measurement.failure is None else unknown(seen.words())
        return aged(finding, seen, evidence)

    yield from each_target(evidence, look)


def _last(evidence: Evidence, target: Target, purpose: str) -> Seen | None:
    seen = seen_of(evidence, target, purpose)
    return seen[-1] if seen and seen[-1].details.withheld is None else None


@requirement(
    level=Level.RISK,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=path_errors.AT_TIMES_TIMED_OUT,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Let ICMP 'fragmentation needed' pass on the way to the proxy, or clamp the MSS there.",
        cli="ping -M do -s 1472 ADDRESS",
    ),
)
def large_body_is_answered(evidence: Evidence) -> Iterable[Finding]:
    """A request larger than one packet is answered, as a small one is.

    Encrypt and Decrypt carry up to some kilobytes. Where a tunnel takes smaller packets and says so to
    nobody, small requests pass and large ones hang.
    """

    def look(target: Target) -> Finding:
        large = _last(evidence, target, "large_body")
        small = _last(evidence, target, HEALTH_PURPOSE)
        if large is None or small is None:
            return unknown("no large request was sent")
        return aged(_large_beside_small(large, small), large, evidence)

    yield from each_target(evidence, look)


def _large_beside_small(large: Seen, small: Seen) -> Finding:
    if large.details.status == _TOO_LARGE and small.details.status != _TOO_LARGE:
        said = f"a small request was answered with status {small.details.status}, a large one with 413"
        return replace(violated(said), remedy=_ADMIT_LARGE_BODIES)
    if large.measurement.failure is None:
        return met(f"{large.details.sent_body_bytes} bytes were answered with status {large.details.status}")
    if small.measurement.failure is not None:
        return unknown(f"small requests are not answered either ({small.words()})")
    return violated(f"a small request was answered, one of 4,000 bytes was not ({large.words()})")


@requirement(
    level=Level.ADVICE,
    scope=Scope.HEALTH,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(text="Let the proxy answer every method but POST with 405."),
)
def get_is_refused(evidence: Evidence) -> Iterable[Finding]:
    """The proxy answers a GET of its API with 405.

    The specification asks for it. KMS sends none; whoever does is a browser, a scanner or a mistaken health
    check.
    """

    def judge(seen: Seen) -> Finding:
        said = f"status {seen.details.status}"
        if seen.details.status == _NOT_FOUND:
            return unknown(f"{said}: it may not serve the path at all")
        if seen.details.status == _METHOD_NOT_ALLOWED:
            return met(said)
        if (seen.details.status or 0) >= _MIN_ERROR:
            return unknown(f"{said}: it was refused before its method was looked at")
        return violated(f"{said}, 405 is asked for")

    yield from _each_answer(evidence, "get", "no GET was sent", judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.HEALTH,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(text="Let the proxy verify the signature of every request, that of health included."),
)
def unsigned_request_is_refused(evidence: Evidence) -> Iterable[Finding]:
    """The proxy refuses a request without a signature.

    The signature is what keeps everybody but KMS from the keys. A proxy that answers without one may not look
    at it at all.
    """

    def judge(seen: Seen) -> Finding:
        if seen.details.status == OK and seen.details.fault is not None:
            return unknown(f"status 200, and no answer of a proxy's: {seen.details.fault}")
        if seen.details.status == OK:
            return violated("an unsigned request was answered with status 200")
        refused = seen.details.status in _REFUSING or seen.details.error_name in _REFUSALS
        return met(seen.words()) if refused else unknown(seen.words())

    yield from _each_answer(evidence, "unsigned", "no unsigned request was sent", judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.KEY,
    errors=health_errors.KEY_UNUSABLE,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Give the external key the specification AES_256, enable it, let it encrypt and decrypt; "
        "or name another key.",
    ),
)
def key_metadata_is_usable(evidence: Evidence) -> Iterable[Finding]:
    """The external key is AES-256, enabled, and may encrypt and decrypt.

    CreateKey asks the proxy for the key that it is told, and makes a KMS key of no other. Named with
    ``--key-id``.
    """
    if evidence.spec is not None and evidence.spec.key_id is None:
        yield not_applicable("no external key was named with --key-id", subject_of(evidence.spec))
        return
    yield from _each_answer(evidence, "key_metadata", "the key was not asked for", _key)


def _key(seen: Seen) -> Finding:
    of_the_key = health_errors.OF_KEY_BY_NAME.get(seen.details.error_name or "")
    if of_the_key is not None:
        return violated(seen.words(), kms_errors=of_the_key)
    if seen.details.error_name is not None or seen.details.fault is not None:
        said = seen.words() + (f": {seen.details.fault}" if seen.details.fault else "")
        return replace(violated(said, kms_errors=health_errors.KEY_INVALID_RESPONSE), remedy=_NOT_OF_THE_KEY)
    missing = _WANTED_USAGE - set(seen.details.key_usage)
    values = (
        ("specification", seen.details.key_spec, "AES_256"),
        ("status", seen.details.key_status, "ENABLED"),
    )
    faults = [f"its {what} is {quoted(is_ or '')}" for what, is_, wanted in values if is_ != wanted]
    if missing:
        faults.append(f"it lacks {listed(tuple(sorted(missing)))}")
    return violated(", ".join(faults)) if faults else met("AES_256, ENABLED, encrypts and decrypts")
