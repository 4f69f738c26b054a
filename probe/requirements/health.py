"""GetHealthStatus as KMS asks it: that the proxy takes the credential, the path, and answers as specified."""

import math
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from probe.model.evidence import Evidence
from probe.model.measurements import KeyManagerStatus
from probe.model.survey import CALL_LIMIT_S
from probe.model.targets import Target
from probe.model.verdicts import KmsError, KmsStep, Level, Outcome, Remedy, Scope
from probe.requirements.declare import Finding, met, requirement, unknown, violated
from probe.requirements.evidence.health import Seen, each_health
from probe.requirements.kms_errors import health as health_errors
from probe.requirements.kms_errors import path as path_errors
from probe.requirements.wording import listed, milliseconds

_NOT_FOUND = 404
_CLOCK_LIMIT_S = 300.0  # specification, "Authentication": requests up to five minutes off
_MIN_COLD = 5
_ALARM_S = 0.2  # AWS's recommended alarm on XksProxyLatency


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.AUTHENTICATION_FAILED,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Give KMS and the proxy the same access key id and secret; look for a reverse proxy that "
        "changes the host header, and for another Region in the proxy's configuration.",
        console="KMS > Custom key stores > External key stores > Edit > Authentication credential",
        cli="aws kms update-custom-key-store --region REGION --custom-key-store-id KEY-STORE-ID "
        "--xks-proxy-authentication-credential file://credential.json",
    ),
)
def credential_is_accepted(evidence: Evidence) -> Iterable[Finding]:
    """The proxy accepts a request signed with the credential, for the Region of the key store.

    A wrong id, a wrong secret, another Region in the scope of the signature, a clock that is off and a header
    that was changed on the way all end in the same refusal.
    """

    def judge(_: Target, seen: tuple[Seen, ...]) -> Finding:
        last = seen[-1]
        if last.measurement.failure is not None:
            return unknown(last.words())
        if last.details.error_name == "AuthenticationFailedException":
            return violated(last.words())
        if last.is_good:
            return met("the signed request was accepted")
        return unknown(f"{last.words()}: it may have answered before it looked at the signature")

    yield from each_health(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.AUTHENTICATION_FAILED,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="Set the proxy's clock by NTP; see chronyc tracking there, and here.", cli="chronyc tracking"
    ),
)
def proxy_clock_is_right(evidence: Evidence) -> Iterable[Finding]:
    """The proxy's clock differs from this machine's by five minutes at most.

    A proxy refuses a signature that is older, or newer, than that. The time is that of the answer's Date
    header, which has whole seconds; this machine's own clock is taken to be right.
    """

    def judge(_: Target, seen: tuple[Seen, ...]) -> Finding:
        last = seen[-1]
        offset_s = last.details.clock_offset_s
        if last.is_good and (offset_s is None or abs(offset_s) > _CLOCK_LIMIT_S):
            said = "" if offset_s is None else f", though its Date header is {offset_s:+.0f} s off"
            return met(f"it took a signature of this moment{said}")
        if offset_s is None:
            return unknown(f"the answer has no Date header ({last.words()})")
        said = f"its Date header is {offset_s:+.0f} s off, 300 s are allowed"
        return violated(said) if abs(offset_s) > _CLOCK_LIMIT_S else met(said)

    yield from each_health(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.INVALID_URI_PATH,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Give KMS the path that the proxy serves, with its prefix; or let the proxy serve this one.",
        console="KMS > Custom key stores > External key stores > Edit > Proxy URI path",
        # The write needs the path that the proxy does serve, which only the proxy knows.
        cli="aws kms describe-custom-key-stores --region REGION --custom-key-store-id KEY-STORE-ID",
    ),
)
def uri_path_is_served(evidence: Evidence) -> Iterable[Finding]:
    """The proxy serves the URI path that KMS is told.

    A proxy that does not says InvalidUriPathException; a web server before it has a page of its own for that,
    which KMS can't interpret.
    """

    def judge(_: Target, seen: tuple[Seen, ...]) -> Finding:
        last = seen[-1]
        if last.measurement.failure is not None:
            return unknown(last.words())
        if last.details.error_name == "InvalidUriPathException":
            return violated(last.words())
        if last.details.status == _NOT_FOUND and last.details.error_name is None:
            said = f"{last.words()} without an errorName, as a web server says it"
            return violated(said, kms_errors=health_errors.INVALID_RESPONSE)
        if last.is_good:
            return met("the path is served")
        return unknown(f"{last.words()}: it may have answered before it looked at the path")

    yield from each_health(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.ACCESS_DENIED,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(text="Exclude GetHealthStatus from the proxy's own authorization rules, as the API asks."),
)
def proxy_admits_kms(evidence: Evidence) -> Iterable[Finding]:
    """The proxy does not deny the health request by rules of its own.

    A proxy may have a second authorization, by principal or by source. The specification takes health out of
    it: KMS asks in nobody's name.
    """

    def judge(_: Target, seen: tuple[Seen, ...]) -> Finding:
        last = seen[-1]
        if last.measurement.failure is not None:
            return unknown(last.words())
        if last.details.error_name == "AccessDeniedException":
            return violated(last.words())
        return met("it was not denied") if last.is_good else unknown(last.words())

    yield from each_health(evidence, judge)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.INVALID_RESPONSE,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(text="Show the answer to the proxy's vendor, with the specification of GetHealthStatus."),
)
def health_response_is_valid(evidence: Evidence) -> Iterable[Finding]:
    """The proxy answers GetHealthStatus with 200 and a body as specified.

    KMS reads a JSON object with the size of the fleet, vendors, a model, and one to ten key managers. Of an
    error it reads the errorName; a status without one, a web server's page, it can't interpret.
    """

    def judge(_: Target, seen: tuple[Seen, ...]) -> Finding:
        last = seen[-1]
        if last.is_good:
            count = len(last.details.managers)
            return met(f"as specified, with {count} key manager{'' if count == 1 else 's'}")
        if last.timed_out:
            return unknown(last.words())
        if last.measurement.failure is not None:
            return violated(last.words(), kms_errors=health_errors.NO_ANSWER)
        if last.details.fault is not None:
            return violated(f"status {last.details.status}: {last.details.fault}")
        return _by_name(last)

    yield from each_health(evidence, judge)


# Specification, "Error codes": what each name says of the proxy.
_REMEDIES = {
    "ThrottlingException": Remedy(
        text="Let the proxy, or what stands before it, take more requests: KMS sends up to 1,800 a second."
    ),
    "DependencyTimeoutException": Remedy(
        text="See the way from the proxy to its key manager: that answers too slowly, or not at all."
    ),
    "InternalException": Remedy(text="See the proxy's log of this moment: it met a fault of its own."),
    "UnsupportedOperationException": Remedy(
        text="Update the proxy, or switch its health check on: it says that it can't do GetHealthStatus."
    ),
    "ValidationException": Remedy(
        text="See what changes requests before the proxy: it takes a request as specified for a wrong one."
    ),
}


def _by_name(last: Seen) -> Finding:
    """An error of the proxy: of which its own requirement speaks, or which has its own words at KMS."""
    name = last.details.error_name or ""
    if name in {"AuthenticationFailedException", "AccessDeniedException", "InvalidUriPathException"}:
        return unknown(last.words())
    found = violated(last.words(), kms_errors=health_errors.BY_NAME.get(name, health_errors.INVALID_RESPONSE))
    return replace(found, remedy=_REMEDIES.get(name))


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.TIMED_OUT,
    source=path_errors.SPECIFICATION,
    remedy=Remedy(
        text="See which phase takes the time: connect and handshake are the way (move nearer), wait is the "
        "proxy and its key manager (let it cache health for up to a minute).",
    ),
)
def health_answers_within_250_ms(evidence: Evidence) -> Iterable[Finding]:
    """A health request over a new connection is answered within 250 ms.

    KMS waits no longer, connection and handshake included. The median of five exchanges decides, in which one
    that timed out counts as longer than any, or two time-outs in a row. Close to the limit, over 200 ms, KMS
    times out at times.
    """

    def judge(_: Target, seen: tuple[Seen, ...]) -> Finding:
        if any(a.timed_out and b.timed_out for a, b in pairwise(seen)):
            return violated(f"two requests in a row were not answered in time ({seen[-1].words()})")
        answered = [each.total_s for each in seen if each.measurement.failure is None]
        timed = sorted([*answered, *(math.inf for each in seen if each.timed_out)])
        if len(timed) < _MIN_COLD:
            return unknown(f"{len(answered)} of {len(seen)} requests were answered, {_MIN_COLD} are needed")
        return _within(timed)

    yield from each_health(evidence, judge)


def _within(totals_s: list[float]) -> Finding:
    """``totals_s`` are sorted. With few samples the p99 is the largest."""
    count = len(totals_s)
    median_s = (totals_s[(count - 1) // 2] + totals_s[count // 2]) / 2
    p99_s = totals_s[min(count - 1, -(-99 * count // 100) - 1)]
    median, p99 = (milliseconds(d) if math.isfinite(d) else "timed out" for d in (median_s, p99_s))
    said = f"median {median} of {count} cold exchanges, p99 {p99}"
    if median_s > CALL_LIMIT_S:
        return violated(f"{said}, limit {milliseconds(CALL_LIMIT_S)}")
    errors: tuple[KmsError, ...] | None = path_errors.AT_TIMES_TIMED_OUT if p99_s > _ALARM_S else None
    return Finding(outcome=Outcome.MET, because=said, kms_errors=errors)


@requirement(
    level=Level.REQUIRED,
    scope=Scope.HEALTH,
    step=KmsStep.HEALTH,
    errors=health_errors.MANAGERS_UNAVAILABLE,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(
        text="Bring a key manager back, or the proxy's way to it; the proxy's log says what it misses."
    ),
)
def key_manager_is_available(evidence: Evidence) -> Iterable[Finding]:
    """At least one key manager behind the proxy is available.

    The proxy says of each whether it is ACTIVE, DEGRADED or UNAVAILABLE. A degraded one still serves. With
    none KMS takes the proxy for unreachable.
    """

    def judge(_: Target, seen: tuple[Seen, ...]) -> Finding:
        last = seen[-1]
        if not last.is_good:
            return unknown(last.words())
        states = tuple(f"{id_} {state.value}" for id_, state in last.details.managers)
        up = [state for _id, state in last.details.managers if state is not KeyManagerStatus.UNAVAILABLE]
        return met(listed(states)) if up else violated(listed(states))

    yield from each_health(evidence, judge)


@requirement(
    level=Level.ADVICE,
    scope=Scope.HEALTH,
    source=path_errors.TROUBLESHOOTING,
    remedy=Remedy(text="Run a second key manager: with one, its maintenance stops every key of the store."),
)
def two_key_managers(evidence: Evidence) -> Iterable[Finding]:
    """Two key managers behind the proxy are available.

    AWS's guide recommends two at least, so that one may fail. Only the proxy knows how many there are.
    """

    def judge(_: Target, seen: tuple[Seen, ...]) -> Finding:
        last = seen[-1]
        if not last.is_good:
            return unknown(last.words())
        up = sum(state is not KeyManagerStatus.UNAVAILABLE for _id, state in last.details.managers)
        said = f"{up} of {len(last.details.managers)} available"
        return met(said) if up > 1 else violated(said)

    yield from each_health(evidence, judge)
