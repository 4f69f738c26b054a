"""How the proxy handles other requests: a large one, an unsigned one, a GET, one for a key's metadata."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from probe.model.evidence import Evidence
from probe.model.measurements import HEALTH_PURPOSE
from probe.model.targets import Target
from probe.model.verdicts import KmsStep, Level, Remedy, Scope
from probe.requirements.declare import Finding, met, not_applicable, requirement, unknown, violated
from probe.requirements.evidence.account import subject_of
from probe.requirements.evidence.health import OK, Exchange, each_target, exchanges_with, with_age
from probe.requirements.kms_errors import health as health_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, quoted

_NOT_FOUND = 404
_METHOD_NOT_ALLOWED = 405
_REFUSING_ERRORS = frozenset({"AuthenticationFailedException", "AccessDeniedException"})
_REFUSING_STATUSES = frozenset({401, 403})
_TOO_LARGE, _MIN_ERROR = 413, 400
_ADMIT_LARGE_BODIES = Remedy(
    text="Raise the limit for request bodies on the proxy, and on whatever is in front of it, to at least "
    "64 KiB."
)
_FIX_PROXY_FIRST = Remedy(
    text="Fix the proxy's response to GetHealthStatus first. If that is correct, check the proxy's log for "
    "GetKeyMetadata."
)
_REQUIRED_USAGE = {"ENCRYPT", "DECRYPT"}


def _each_answer(
    evidence: Evidence, purpose: str, unsent: str, judge: Callable[[Exchange], Finding]
) -> Iterator[Finding]:
    """One finding per target: from ``judge``, if a request of this purpose was answered."""

    def judge_target(target: Target) -> Finding:
        exchange = _last(evidence, target, purpose)
        if exchange is None:
            return unknown(unsent)
        failed = exchange.measurement.failure is not None
        finding = unknown(exchange.summary()) if failed else judge(exchange)
        return with_age(finding, exchange, evidence)

    yield from each_target(evidence, judge_target)


def _last(evidence: Evidence, target: Target, purpose: str) -> Exchange | None:
    exchanges = exchanges_with(evidence, target, purpose)
    return exchanges[-1] if exchanges and exchanges[-1].details.withheld is None else None


@requirement(
    level=Level.RISK,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=path_errors.AT_TIMES_TIMED_OUT,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Allow ICMP 'fragmentation needed' on the path to the proxy, or clamp the TCP MSS there.",
        cli="ping -M do -s 1472 ADDRESS",
    ),
)
def large_body_is_answered(evidence: Evidence) -> Iterable[Finding]:
    """A request larger than one packet is answered like a small one.

    Encrypt and Decrypt requests have up to a few kilobytes. If a tunnel on the path has a smaller MTU and the
    ICMP messages about it are dropped, small requests succeed and large ones time out.
    """

    def judge_target(target: Target) -> Finding:
        large = _last(evidence, target, "large_body")
        small = _last(evidence, target, HEALTH_PURPOSE)
        if large is None or small is None:
            return unknown("no large request was sent")
        return with_age(_compared(large, small), large, evidence)

    yield from each_target(evidence, judge_target)


def _compared(large: Exchange, small: Exchange) -> Finding:
    if large.details.status == _TOO_LARGE and small.details.status != _TOO_LARGE:
        statuses = f"a small request was answered with status {small.details.status}, a large one with 413"
        return replace(violated(statuses), remedy=_ADMIT_LARGE_BODIES)
    if large.measurement.failure is None:
        size, status = large.details.sent_body_bytes, large.details.status
        return met(f"a request of {size} bytes was answered with status {status}")
    if small.measurement.failure is not None:
        return unknown(f"small requests are not answered either ({small.summary()})")
    return violated(f"a small request was answered, but one of 4,000 bytes was not ({large.summary()})")


@requirement(
    level=Level.ADVICE,
    scope=Scope.HEALTH,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(text="Configure the proxy to answer every method except POST with status 405."),
)
def get_is_refused(evidence: Evidence) -> Iterable[Finding]:
    """The proxy answers a GET request to its API with status 405.

    The specification requires this. KMS sends no GET; such a request comes from a browser, a scanner or a
    misconfigured health check.
    """

    def judge(exchange: Exchange) -> Finding:
        status = f"status {exchange.details.status}"
        if exchange.details.status == _NOT_FOUND:
            return unknown(f"{status}: the proxy may not serve the path at all")
        if exchange.details.status == _METHOD_NOT_ALLOWED:
            return met(status)
        if (exchange.details.status or 0) >= _MIN_ERROR:
            return unknown(f"{status}: the request was refused before its method was checked")
        return violated(f"{status}, but 405 is required")

    yield from _each_answer(evidence, "get", "no GET was sent", judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.HEALTH,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Configure the proxy to verify the signature of every request, including health requests."
    ),
)
def unsigned_request_is_refused(evidence: Evidence) -> Iterable[Finding]:
    """The proxy refuses a request without a signature.

    The signature is what keeps everyone except KMS from using the keys. A proxy that answers an unsigned
    request may not check signatures at all.
    """

    def judge(exchange: Exchange) -> Finding:
        details = exchange.details
        if details.status == OK and details.fault is not None:
            return unknown(f"status 200, but not the response of an XKS proxy: {details.fault}")
        if details.status == OK:
            return violated("an unsigned request was answered with status 200")
        refused = details.status in _REFUSING_STATUSES or details.error_name in _REFUSING_ERRORS
        return met(exchange.summary()) if refused else unknown(exchange.summary())

    yield from _each_answer(evidence, "unsigned", "no unsigned request was sent", judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.KEY,
    errors=health_errors.KEY_UNUSABLE,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Choose an external key with the key spec AES_256 that is enabled and may encrypt and decrypt, "
        "or enable this key and allow both.",
    ),
)
def key_metadata_is_usable(evidence: Evidence) -> Iterable[Finding]:
    """The external key is AES-256, enabled, and may encrypt and decrypt.

    CreateKey asks the proxy for the metadata of the external key, and refuses to create the KMS key if one of
    these differs. Give the external key with ``--key-id``.
    """
    if evidence.spec is not None and evidence.spec.key_id is None:
        yield not_applicable("no external key was given with --key-id", subject_of(evidence.spec))
        return
    yield from _each_answer(evidence, "key_metadata", "no request for the key's metadata was sent", _key)


def _key(exchange: Exchange) -> Finding:
    details = exchange.details
    key_errors = health_errors.OF_KEY_BY_NAME.get(details.error_name or "")
    if key_errors is not None:
        return violated(exchange.summary(), kms_errors=key_errors)
    if details.error_name is not None or details.fault is not None:
        answer = exchange.summary() + (f": {details.fault}" if details.fault else "")
        return replace(
            violated(answer, kms_errors=health_errors.KEY_INVALID_RESPONSE), remedy=_FIX_PROXY_FIRST
        )
    missing = _REQUIRED_USAGE - set(details.key_usage)
    values = (("key spec", details.key_spec, "AES_256"), ("status", details.key_status, "ENABLED"))
    faults = [f"its {what} is {quoted(value or '')}" for what, value, required in values if value != required]
    if missing:
        faults.append(f"its usage lacks {listed(tuple(sorted(missing)))}")
    return violated(", ".join(faults)) if faults else met("AES_256, ENABLED, encrypts and decrypts")
